// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},s="document"in globalThis,{Request:o,Headers:i,XMLHttpRequest:a,URLSearchParams:c}=globalThis,{fetch:l}=globalThis,{parse:u,stringify:d}=JSON,{keys:f}=Object,h=r(String.prototype.indexOf),p=r(String.prototype.lastIndexOf),y=r(String.prototype.slice),b=r(String.prototype.toLowerCase),g=r(Object.prototype.hasOwnProperty),m=o?.prototype,k=n(m,"body"),v=n(m,"credentials"),w=n(m,"headers"),_=n(m,"method"),j=n(m,"referrer"),T=n(m,"referrerPolicy"),O=n(m,"signal"),S=n(m,"url"),$=m&&r(m.clone),I=i?.prototype,A=I&&r(I.set),E=I&&r(I.has),N=(I&&r(I.delete),
a?.prototype),R=N&&r(N.open),x=N&&r(N.send),P=N&&r(N.abort),D=N&&r(N.setRequestHeader),L=N&&r(N.getAllResponseHeaders),q=N&&r(N.addEventListener),M=N&&r(Object.getOwnPropertyDescriptor(N,"withCredentials")?.set),C=n(N,"status"),H=n(N,"responseText"),K=n(N,"responseURL"),U=e=>e.reason??new DOMException("the call was aborted","AbortError"),B=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function z(e,t){return t?new Promise((r,n)=>{
const s=()=>n(U(t))
;t.aborted&&s(),t.addEventListener("abort",s),e.then(r,n).finally(()=>t.removeEventListener("abort",s))}):e}
var F=globalThis.performance??Date,G=()=>F.now();function V(e){try{return u(e)}catch{return null}}function J(e,t){
let r=e;for(let e=0;"."!==t&&e<=t.length;){const n=h(t,".",e),s=n<0?t.length:n,o=y(t,e,s)
;if("object"!=typeof r||null===r||!g(r,o))return;r=r[o],e=s+1}return r??void 0}function X(e,t){const r=J(e,t)
;return"string"==typeof r?r:""}var W=(e,t)=>({__proto__:null,access:e,refresh:"",credentials:void 0,clientId:void 0,
cookies:t,kept:void 0});function Y(e,t){
return"access"===e?t.access:"refresh"===e?t.refresh:"clientId"===e?t.clientId:"credentials"===e?void 0===t.credentials?void 0:u(t.credentials):0===h(e,"cookie:")?((e,t)=>{
const r=`; ${e};`,n=h(r,`; ${t}=`);if(n<0)return;const s=n+t.length+3,o=y(r,s,h(r,";",s));try{
return decodeURIComponent(o)}catch{return o}
})(t.cookies,y(e,7)):void 0===t.credentials?void 0:J(u(t.credentials),y(e,12))}function Z(e,t){
if("string"==typeof e)return h(e,`{${t}`)>=0;if("object"!=typeof e||null===e)return!1;const r=f(e)
;for(let n=0;n<r.length;n+=1)if(Z(e[r[n]],t))return!0;return!1}function Q(e,t){let r="";for(let n=0;;){
const s=h(e,"{",n),o=s<0?-1:h(e,"}",s);if(o<0)return r+y(e,n);const i=Y(y(e,s+1,o),t);if(null==i||""===i)return
;if(0===s&&o===e.length-1)return i;r+=y(e,n,s)+i,n=o+1}}function ee(e,t,r,n){const s=f(e);for(let o=0;o<s.length;o+=1){
const i=s[o],a=n&&E(n,i)?void 0:Q(e[i],t);void 0!==a&&r(i,`${a}`)}}var te=e=>"object"==typeof e&&null!==e?f(e):[]
;function re(e,t){const r={__proto__:null},n=f(e);for(let s=0;s<n.length;s+=1){
const o=n[s],i=e[o],a="string"==typeof i?Q(i,t):"object"==typeof i&&null!==i?re(i,t):i;if("..."===o){const e=te(a)
;for(let t=0;t<e.length;t+=1)r[e[t]]=a[e[t]]}else void 0!==a&&(r[o]=a)}return r}function ne(e,t,r){
if(null==e)return null;if("{credentials}"===e&&!t)return r.credentials??null
;const n="object"==typeof e?re(e,r):"string"==typeof e?Q(e,r):e
;return void 0===n||"object"==typeof n&&0===te(n).length&&te(e).length>0?null:t?new c(n):d(n)}function se(e){
const t=h(e,"."),r=h(e,".",t+1);return r>t&&t>0?y(e,t+1,r):""}function oe(e){try{
const t=atob(se(e).split("-").join("+").split("_").join("/")),r=V((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}}
var ie=e=>void 0===e?void 0:`${e}`,ae=e=>"string"==typeof e?e:void 0,ce=()=>null;function le(e,t,r){
for(let n=0;n<e.length;n+=1){const s=e[n],o=0===h(s,"@")?r(b(y(s,1))):J(t,s);if(null!=o&&""!==o)return o}}
function ue(e,t,r,n=ce,s=!1){const o=V(t),i=((e,t)=>{let r=0;for(;r<e.length&&e[r]<=" ";)r+=1
;return"<"===e[r]||e.length>1e3&&h(b(t("content-type")??""),"html")>=0
})(t,n),a=!1!==(le(r.step,o,n)??!1),c=null===o&&t.length<16&&h(t,"null")>=0,l=void 0!==le(r.access??[],o,n)||void 0!==le(r.refresh,o,n),u="object"==typeof o&&null!==o,d=e&&(c||u&&((e,{access:t,user:r})=>{
if(!1===J(e,"success"))return!0;const n=t??r;for(let t=0;t<n.length;t+=1)if(de(e,n[t]))return!0;return!1
})(o,r)),p=!e||a||i||c||d&&!r.access?void 0:((e,t,r,n)=>{const{access:s}=t,o=s?(e=>{const t=h(e," ")
;return t<0?e:y(e,t+1)})(ae(le(s,e,r))??""):"";if(!o&&s&&(!0!==J(e,"success")||ve(e,8)))return
;const i=le(t.user,e,r)??null,a=ae(le(t.refresh,e,r))??"",c=(me(i,o,a,6)?null:i)??(n?oe(X(e,"id_token")):null),l=oe(o)
;return{accessToken:o,refreshToken:a,type:J(e,"token_type"),user:c,claims:l,identity:ge(t.subject,c,e,l)}
})(o,r,n,s),g=(!e||d)&&!l,m=g?(e=>{for(let t=0;t<fe.length;t+=1){const r=J(e,fe[t]);if("string"==typeof r)return r}
const t=J(e,"error.code")??J(e,"code");return"number"==typeof t?`${t}`:void 0
})(o):void 0,k=null===o&&!i&&!c&&!e&&t.length<=1e3&&t?t:void 0,v=g?(e=>{for(let t=0;t<he.length;t+=1){
const r=pe(J(e,he[t]),4);if(r)return r}const t=pe(J(e,"error"),1);if(t||"object"!=typeof e||null===e)return t
;const r=f(e);for(let t=0;t<r.length;t+=1){const n=r[t],s=J(J(e,n),"0");if("string"==typeof s)return`${n}: ${s}`}
})(o)??k:void 0;return{code:m,message:v&&y(v,0,200),isRefusal:d||!e&&u&&!(!m&&!v),isPage:i,isStep:a,
body:!u||!a&&e||l?void 0:o,expiresIn:ye(r.expiresIn,o,n),
jwtLifetime:Number(J(p?.claims,"exp"))-Number(J(p?.claims,"iat")),issued:p,found:e&&!p?ke(o)||"no JSON object":""}}
function de(e,t){const r=p(t,"."),n=r>0?J(e,y(t,0,r)):e,s=y(t,r+1)
;return"object"==typeof n&&null!==n&&g(n,s)&&null===n[s]}
var fe=["error.code","errors.0.extensions.code","errors.0.code","error_code","code","__type","error","error.status","error.name"],he=["error.message","error_description","message","detail","msg","errors","title","non_field_errors"]
;function pe(e,t){if("string"==typeof e)return e;if("object"!=typeof e||null===e||0===t)return
;const r=J(e,"message")??J(e,"msg")??J(e,"detail");if("string"==typeof r)return r;const n=f(e)
;for(let r=0;r<n.length;r+=1){const s=pe(e[n[r]],t-1);if(s)return s}}function ye(e,t,r){for(let n=0;n<e.length;n+=1){
const s=e[n],o=h(s," "),i=o<0?"s":y(s,o+1),a=le([o<0?s:y(s,0,o)],t,r),c=void 0===a?Number.NaN:be(a,i,Date.parse(r("date")??""))
;if(!Number.isNaN(c))return c}return Number.NaN}function be(e,t,r){
const n=Number("string"==typeof e?e.trim()||Number.NaN:e)
;return"ms"===t?n/1e3:"at"!==t?n:((Number.isNaN(n)?Date.parse(String(e)):n>1e11?n:1e3*n)-(r||Date.now()))/1e3}
function ge(e,t,r,n){if(0===e.length)return((e,t)=>({userId:ie(J(e,"id")??J(e,"pk")??J(e,"user_id")),
sub:ie(J(e,"sub")??J(t,"sub")??J(t,"user_id"))}))(t,n);const s=e=>void 0===e?void 0:ie(J(t,e)??J(r,e)??J(n,e));return{
userId:s(e[1]),sub:s(e[0])}}function me(e,t,r,n){if("string"==typeof e)return""!==e&&(e===t||e===r)
;if("object"!=typeof e||null===e)return!1;const s=f(e)
;for(let o=0;o<s.length;o+=1)if(0===n||me(e[s[o]],t,r,n-1))return!0;return!1}function ke(e,t=""){
if("object"!=typeof e||null===e)return"";let r="";const n=f(e);for(let s=0;s<n.length&&s<20;s+=1){const o=y(n[s],0,40)
;r+=`${r&&", "}${(t?"":ke(e[o],`${o}.`))||t+o}`}return r}function ve(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=f(e);for(let n=0;n<r.length;n+=1){const s=b(r[n])
;if(h(s,"token")>=0&&h(s,"csrf")<0&&h(s,"xsrf")<0||ve(e[r[n]],t-1))return!0}return!1}
var we=e=>"logout"===e||"logoutAll"===e,_e=({settings:e})=>e.server.calls.login.answer;function je(e,t,r,n,s,o){
const{call:i}=t;e.prover?.learnNonce(i?.url??"",s("dpop-nonce"))
;const a=n>=200&&n<300,c=i?.answer??_e(e),{issued:l,...u}=ue(a,o,c,s,"id_token"===e.settings.server.user)
;return Te(e,t,r,{...u,status:n,retryAfterMs:((e,t)=>{
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0})(s("retry-after"),s("date"))},l)}function Te(e,t,r,n,s){
const{endpoint:o}=t,{tokens:i,remembered:a,inBody:c}=e,l=J(r.kept,"user")??i.profile().user
;if(!s||we(o)||e.settings.refusesUser?.(s.user,t,s.type,l))return{...n,token:0,subject:0,renewable:!1}
;const{refresh:u}=e.settings.server.calls,d="refresh"===o;s.refreshToken=c?s.refreshToken||(d?r.refresh:""):""
;const f=c&&Z(u,"refresh}"),h=!(!u||f&&""===s.refreshToken);d&&!i.currentId()&&(s.user??=J(r.kept,"user")??null)
;const p=s.user??(d?i.profile().user:null)
;return a&&((e,{accessToken:t,refreshToken:r},n,{expiresIn:s,jwtLifetime:o})=>{
const i=s>0&&!(o<s&&o>0)?s:o,a=i>0?Date.now()+1e3*i:null;Oe(e,r,e.keepsAccess?t:"",a,n)})(e,s,p,n),{...n,
...i.receive(s,d),renewable:h}}function Oe(e,t,r,n,s){e.written=e.remembered?.write(d({__proto__:null,refresh:t,
access:r,until:n,user:s}))}function Se({method:e,url:t,headers:r,setHeaders:n,body:o,withCredentials:i,signal:c},l){
return new Promise((u,d)=>{const f=new a;if(R(f,e,t),M(f,i),r.forEach((e,t)=>{D(f,t,e)}),n((e,t)=>{D(f,e,t)}),
q(f,"loadend",()=>{const e=C(f),r=H(f),n=K(f)!==t,o=L(f);s&&R(f,"POST",t),P(f);try{
e?u(n?l(302,()=>null,""):l(e,e=>((e,t)=>{const r=`\r\n${e}`,n=h(r,`\r\n${t}: `),s=n+t.length+4
;return n<0?null:y(r,s,h(r,"\r\n",s))})(o,e),r)):d(c.reason??new TypeError("no response"))}catch(e){d(e)}}),
c.addEventListener("abort",()=>P(f)),c.aborted)return d(U(c));x(f,o)})}
var $e=class extends Error{},Ie=e=>"function"==typeof e?.then;function Ae(e){
const{settings:t,tokens:r,remembered:n}=e,{calls:s,api:o}=t.server,i={...e,inBody:"body"===t.transport,usesCookies:Z({
...s,api:o},"cookie:"),keepsAccess:!s.refresh||Z(s.refresh,"access}"),written:void 0};let a=()=>{};return{send(e,o,c){
const l=new AbortController;a=()=>l.abort();const{signal:u}=l;c?.aborted&&l.abort(U(c)),
c?.addEventListener("abort",()=>l.abort(U(c)),{signal:u});const d=s[o?.call??e],f={__proto__:null,endpoint:e,call:d,
signal:u,login:o,access:r.accessToken(),refresh:r.refreshToken(we(e))},h=(({authHeaders:e})=>{const t=e=>{
throw new $e("",{cause:e})};try{const r=e?.()
;return Ie(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}})(t)
;return Ie(h)||i.usesCookies||n||d?.before?(async(e,t,r)=>{
const{endpoint:n,call:s,signal:o}=t,{remembered:i}=e,a=e=>z(Promise.resolve(e),o),c=await a(r)
;s?.before&&await a(Re(e,s.before,o));const l=e.usesCookies?await a(e.cookies()):"";let u=""
;if(i&&"refresh"===n&&(u=await a(i.read())),i&&we(n)&&(u=await a(i.last())),o.aborted)throw U(o)
;const d=await xe(e,t,c,l,u),{written:f}=e;return f&&await Promise.race([f,new Promise(e=>setTimeout(e,Ee))]),
e.written=void 0,d})(i,f,h):xe(i,f,h,"","")},abort(){return a()}}}
var Ee=2e3,Ne=({inBody:e},t,r,n,s=()=>{},o=null,i=new Headers)=>({__proto__:null,method:r,url:n,headers:i,setHeaders:s,
body:o,withCredentials:!e,signal:t}),Re=(e,t,r)=>Se(Ne(e,r,"GET",t),()=>{}).catch(()=>{});function xe(e,t,r,n,s){
const{endpoint:i,call:a,login:c}=t,{prover:u,settings:d}=e,f=G(),h=s?V(s):void 0,p={__proto__:null,
access:X(h,"access")||t.access,refresh:X(h,"refresh")||t.refresh,credentials:c?.json,clientId:d.clientId,cookies:n,
kept:h},y=()=>c?.isAnswer?Promise.resolve(je(e,t,p,200,ce,c.json)):((e,t,r,n)=>{
const{endpoint:s,call:i,signal:a}=t,{inBody:c}=e,u=!!i&&c&&De(i,n)
;if(!i||u&&("refresh"===s||we(s)&&Z(i,"refresh}")))return Promise.resolve(((e,t,r)=>{
const n=Number(J(r.kept,"until")??Number.POSITIVE_INFINITY),{endpoint:s}=t,o="refresh"===s&&!e.tokens.currentId()&&n>Date.now(),i=_e(e),a=o?((e,t)=>{
const r=X(e,"access");if(!r)return;const n=J(e,"user")??null,s=oe(r);return{accessToken:r,refreshToken:"",user:n,
claims:s,identity:ge(t.subject,n,null,s)}})(r.kept,i):void 0
;if(!a)return je(e,t,r,we(s)?404:401,ce,'{"code":"NO_REFRESH_TOKEN"}')
;const c=Number.isFinite(n)?(n-Date.now())/1e3:Number.NaN;return Te(e,t,r,{...ue(!1,"",i),expiresIn:c,status:200,
retryAfterMs:0},a)})(e,t,n))
;const d=ne(i.body,i.isForm,n),f="refresh"===s&&e.settings.idempotencyKey&&e.idempotencyKey()
;return f&&r.set("idempotency-key",f),Pe(r,i,d),we(s)?(async(e,t,r,n,s,i)=>{let a=n;const c=async(n,i)=>{
const c=(({method:e,url:t},r,n,s,i)=>new o(t,{__proto__:null,method:e,headers:r,body:n,credentials:s?"omit":"include",
cache:"no-store",redirect:"error",keepalive:!0,signal:i}))(r,s,i,e.inBody,t.signal),u=(e,t)=>A(w(c),e,t)
;ee(r.headers,a,u,s),ee(n,a,u);const d=await l(c),f=await d.text();return je(e,t,a,d.status,e=>d.headers.get(e),f)
},{authorizeOn401:u}=r,d=u?{authorization:u}:{};let f=await c({},i);401===f.status&&a.access&&u&&(f=await c(d,i))
;const h=!a.access&&Z(r,"access}");return 401===f.status||h&&403===f.status?(await(async(e,{signal:t},r,n,s)=>{
const o=e.settings.server.calls.refresh;if(!o||e.inBody&&De(o,r))return;const{answer:i}=o,a=new Headers(n)
;a.delete("content-type");const c=ne(o.body,o.isForm,r);Pe(a,o,c)
;const l=Ne(e,t,o.method,o.url,e=>ee(o.headers,r,e,n),c,a);await Se(l,(e,t,n)=>{const{issued:o}=ue(e<300,n,i,t)
;if(!o)return;const{accessToken:a,refreshToken:c}=o;s({...r,__proto__:null,access:a,refresh:c||r.refresh})
}).catch(()=>{})})(e,t,a,s,e=>{a=e}),a===n?f:(e.usesCookies&&(a={...a,__proto__:null,cookies:await e.cookies()}),
c(d,ne(r.body,r.isForm,a)))):f
})(e,t,i,n,r,d):Se(Ne(e,a,i.method,i.url,e=>ee(i.headers,n,e,r),d,r),(r,s,o)=>je(e,t,n,r,s,o))
})(e,t,r,p),b=u&&"logout"!==i&&a?u.sendAuthRequest(r,a,we(i)?p.access:"",y):y()
;return d.server.user?b.then(t=>(async(e,t,r,n)=>{
const{token:s}=t,{tokens:o,settings:i,prover:a}=e,{user:c,api:l}=i.server,u=r+.8*i.timeoutMs-G()
;if(!s||!c||"id_token"===c||!o.needsUser(s)||u<=0)return t;const{signal:d,abort:f}=(e=>{
const t=new AbortController,r=setTimeout(()=>t.abort(),e);return{signal:t.signal,abort(){clearTimeout(r),t.abort()}}
})(u),h=W(o.received(s),n),p=new Headers,y=Ne(e,d,"GET",c,e=>ee(l,h,e),null,p);let{subject:b}=t
;const g=()=>Se(y,(r,n,i)=>(r>=200&&r<300&&(b=o.describe(s,i,_e(e))),t))
;return await(a&&h.access?a.sendAuthRequest(p,y,h.access,g):g()).catch(()=>{}),f(),
e.remembered&&o.userOf(s)&&await(async(e,t)=>{const{remembered:r,tokens:n}=e,s=V(await(r?.read())||"null")
;s&&Oe(e,J(s,"refresh"),J(s,"access"),J(s,"until"),n.userOf(t))})(e,s),{...t,subject:b}})(e,t,f,n)):b}
function Pe(e,t,r){const n=E(e,"content-type")||g(t.headers,"content-type")
;"string"!=typeof r||n||e.set("content-type","application/json")}
var De=(e,{refresh:t,access:r})=>Z(e,"refresh}")?!t:Z(e,"access}")&&!r;function Le({request:e,replayBody:t}){
if(null===t)return new o(e);if("string"!=typeof t)return t&&$(t);const r=j(e),n=T(e);return new o(e,{__proto__:null,
body:t,referrer:r,referrerPolicy:n})}var qe={__proto__:null,method:"POST",mode:"no-cors",cache:"default",integrity:""}
;function Me(e,t,r,n){const s=(e=>{const t=/^(\S+ )\{access\}$/.exec(e.authorization??"")?.[1]
;return t&&1===Object.keys(e).length?(e,r)=>{r&&A(w(e),"authorization",t+r)}:(t,r,n)=>ee(e,W(r,n),(e,r)=>A(w(t),e,r))
})(t),i=(t,n,i)=>{if(r&&e.accessToken())return r.send(t,()=>Le(n),e,t=>s(t,e.accessToken(),i))
;const a=e.accessToken()||"same-origin"!==v(t)?t:new o(t,{__proto__:null,credentials:"include"})
;return s(a,e.accessToken(),i),l(a)};return(e=>Z(e,"cookie:"))(t)?async(t,r)=>{const s=e.generation(),o=await n()
;if(e.generation()!==s)throw new TypeError("the session in which this call was made has ended");return i(t,r,o)
}:(e,t)=>i(e,t,"")}
var Ce=/^[\x21-\x7e]{1,128}$/,He=864e5,Ke=e=>`tokenward:v1:${e}`,Ue=e=>"string"==typeof e&&Ce.test(e),Be=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),ze=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),Fe=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function Ge(e){const t=Number(ze(e,"not-before")??0)-Date.now();return t>0&&t<=He?t:0}
var Ve=e=>e.unstoredRevocation||"1"===ze(e,"pending-revocation");function Je(e,t,r=!0){e.known=t,
r&&Fe(e,"sign-in-key",t),Fe(e,"probe-key")}var Xe=e=>e.unstoredTokens||(ze(e,"tokens")??"");function We(e,t=""){
Fe(e,"tokens",t);const r=(ze(e,"tokens")??"")===t;e.unstoredTokens=r?"":t,r||Fe(e,"tokens")}function Ye(e,t){
e.idempotencyKey=t,Fe(e,"idempotency-key",t)}var Ze={accessToken:"",refreshToken:"",user:null,claims:null,identity:{},
subject:0,isRefresh:!1};function Qe(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var et=e=>({read(t){try{
return globalThis[e].getItem(t)}catch{return}},write(t,r){try{r?globalThis[e].setItem(t,r):globalThis[e].removeItem(t)
}catch{}}}),tt=et("localStorage"),rt=et("sessionStorage"),nt=e=>({__proto__:null,...e}),st=class extends Error{
name="AuthError";code;status;retryable;retryAfterSeconds;body;docs;constructor(e,t,r={}){const n=nt(r)
;super(`${e}: ${t}`,n),this.code=e,this.status=n.status??null,this.retryable=n.retryable??!1,
this.retryAfterSeconds=n.retryAfterSeconds??null,
this.body=n.body,this.docs="https://github.com/tokenward/tokenward/blob/main/docs/reference/errors/"+e+".md"}},ot={
timeout:"timeoutSeconds",renewBefore:"renewBeforeSeconds",minValidity:"minValiditySeconds"
},it=(e,t)=>(r,n)=>t(n)?n:It(r,e,n),at=e=>(t,r)=>{"object"==typeof r&&r&&!Array.isArray(r)||It(t,"an object",r)
;const n={__proto__:null};for(const[s,o]of Object.entries(r)){const r=`${t}.${s}`,i=Object.keys(e).includes(s)&&e[s]
;if(!i){const t=Object.keys(ot).includes(s)&&ot[s],n=Object.keys(e).find(e=>e.toLowerCase()===s.toLowerCase())
;It(r,t||n||`one of ${Object.keys(e).join(", ")}`,s,t&&`: renamed to ${t}`)}void 0!==o&&(n[s]=i(r,o))}return n
},ct=(...e)=>it(e.map(e=>"string"==typeof e?`"${e}"`:e).join(" or "),t=>e.includes(t)),lt=(e,t,r=()=>!0)=>it(e,e=>{try{
const n=new URL(e,t)
;return("string"==typeof e||e instanceof URL)&&""!==e&&/^https?:$/.test(n.protocol)&&!(n.username||n.password)&&r(n)
}catch{return!1}
}),ut=/^[!#$%&'*+.^_`|~\w-]+$/,dt=it("a string that is not empty",e=>"string"==typeof e&&""!==e),ft=lt("a path or an http(s) URL","http://localhost"),ht=/^\{(access|refresh|clientId|credentials(\..+)?|cookie:.+)\}$/,pt=e=>e.match(/\{[^}]*\}/g)??[],yt=it("a text whose placeholders are {access}, {refresh}, {credentials}, {credentials.NAME}, {clientId} or {cookie:NAME}",e=>"string"==typeof e&&pt(e).every(e=>ht.test(e))),bt=(e,t)=>(ft(e,t),
pt(String(t)).every(e=>"{clientId}"===e)?t:It(e,"a path with no placeholder but {clientId}",t)),gt=e=>(t,r)=>at(Object.fromEntries(Object.keys(Object(r)).map(t=>[t,e])))(t,r),mt=(e,t)=>{
for(const r of Object.keys(Object(t)))ut.test(r)||It(e,"names of HTTP headers",r);return gt(yt)(e,t)
},kt=(e,t)=>"string"==typeof t?yt(e,t):"object"==typeof t&&t?gt(kt)(e,t):null===t||"boolean"==typeof t||Number.isFinite(t)?t:void It(e,"a text, a number, a boolean, null or an object",t),vt=e=>(t,r)=>null===r?null:e(t,r),wt=(e,t)=>Array.isArray(t)?t.map((t,r)=>dt(`${e}[${r}]`,t)):It(e,"an array of texts",t),_t=vt((e,t)=>Array.isArray(t)?wt(e,t):dt(e,t)),jt=at({
access:_t,refresh:_t,expiresIn(e,t){const r=_t(e,t),n=[r].flat().find(e=>!/^(\S+( (s|ms|at))?|null)$/.test(String(e)))
;return void 0===n?r:It(e,"a place, which the unit s, ms or at may follow",n)},user:_t,subject:_t,step:_t}),Tt=at({
path:bt,method:it('an HTTP method, such as "POST"',e=>"string"==typeof e&&/^[A-Z]+$/.test(e)),as:ct("json","form"),
body:kt,headers:mt,before:bt,answer:jt}),Ot=(e,t)=>{
const r=Tt(e,t),{as:n,body:s,method:o}=r,i="form"===n&&Object.entries(Object(s)).find(([,e])=>"object"==typeof e&&e)
;return i&&It(`${e}.body.${i[0]}`,"a text, a number or a boolean in a form",i[1]),
s&&/^(GET|HEAD)$/.test(o??"")&&It(`${e}.body`,`none with ${o}`,s),r},St=["login","refresh","logout","logoutAll"],$t=at({
login:Ot,refresh:vt(Ot),logout:vt(Ot),logoutAll:vt(Ot),calls(e,t){const r=gt(Ot)(e,t)
;for(const t of Object.keys(r))St.includes(t)&&It(`${e}.${t}`,`a name that is not one of ${St.join(", ")}`,t);return r},
api:mt,answer:jt,user(e,t){return"id_token"===t?t:bt(e,t)},over:wt,notOver:wt});function It(...e){
throw new st("INVALID_OPTIONS",((e,t,r,n="")=>`${e}: expected ${t}, got ${("string"==typeof r?JSON.stringify(r):"object"==typeof r&&r?"an "+(Array.isArray(r)?"array":"object"):String(r)).slice(0,80)}${n||""}`)(...e))
}
var At=(e,t=e=>e)=>Object.fromEntries(Object.entries(e).map(([e,r])=>[e.toLowerCase(),t(r)])),Et=(e,t="")=>At(e,e=>e.split("{clientId}").join(t)),Nt=e=>"string"==typeof e?[e]:e??[]
;function Rt(e,{access:t,...r}){const n={...e};for(const[e,t]of Object.entries(r))n[e]=Nt(t)
;return void 0!==t&&(n.access=null===t?null:Nt(t)),n}var xt={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},Pt=["invalid_client","unauthorized_client","invalid_request","unsupported_","invalid_scope","malformed"],Dt=["csrf","xsrf","rate limit","rate_limit","ratelimit","throttle","too many","too_many"],Lt=["credential","password","invalid_grant","invalid grant","invalid_login","invalid login","invalid user","invalid_user","invalid email","invalid_email","user not found","user_not_found","email not found","email_not_found","account not found","account_not_found"]
;function qt(e,t){for(let r=0;r<t.length;r+=1)if(h(e,t[r])>=0)return!0;return!1}function Mt(e,t,r){
for(let n=0;n<e.length;n+=1){const s=b(e[n]),o=y(s,3,4),i=(""===o||" "===o)&&Number(y(s,0,3))||0,a=y(s,i?4:0)
;if((!i||i===t)&&h(r,a)>=0)return!0}return!1}function Ct(e){
const{client:t,tokens:r,users:n,state:s,lock:o,crossTab:i,log:a,remembered:c}=e,l=(e,r,n=0)=>{
a(e?"warn":"debug","lock-requested",{steal:e}),o.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
a("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=ze(e,"sign-in-key")
;return null!==t||e.known||null!==ze(e,"asked")||Ve(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(s)},isRevocationPending(){return Ve(s)},notBeforeWait(){return Ge(s)},storeNewKey(){return(e=>{Je(e,Be()),Ye(e,Be())
})(s)},adoptStoredKey(){return(e=>{const t=ze(e,"sign-in-key"),r=Ue(t)?t:e.known||Be();Je(e,r,t!==r)})(s)},
useProbeKey(){return(e=>{const t=ze(e,"probe-key");e.known||=Ue(t)?t:Be(),Fe(e,"probe-key",e.known)})(s)},removeKey(){
(e=>{const t=ze(e,"sign-in-key"),r=t&&t!==e.known;return Je(e,void 0,!r),!r&&(Ye(e,void 0),
e.lastTokens=Xe(e)||e.lastTokens,We(e),!0)})(s)&&c?.end()},replaceIdempotencyKey(){return(e=>{
const t=ze(e,"idempotency-key");t&&t!==e.idempotencyKey||Ye(e,Be())})(s)},storePendingRevocation(){return(e=>{
Fe(e,"pending-revocation","1"),e.unstoredRevocation="1"!==ze(e,"pending-revocation")})(s)},clearPendingRevocation(){
(e=>{Fe(e,"pending-revocation"),e.unstoredRevocation=!1,e.lastTokens=""})(s),r.forgetRevoked()},storeNotBefore(e){
return((e,t)=>Fe(e,"not-before",String(Date.now()+Math.min(Math.max(t,Ge(e)),He))))(s,e)},clearNotBefore(){
return(e=>Fe(e,"not-before"))(s)},requestLock(e){return l(!1,e)},requestSettledLock(e){return l(!1,e,250)},stealLock(e){
return l(!0,e)},releaseLock:o.release,broadcast(e,t,r,s,o){const a="refresh-failed"===e?{waitMs:Math.min(s,He),
failures:o}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...a})}}}
var Ht=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??"")
;function Kt(e){Ht&&console.warn(`tokenward: ${e}`)}var Ut=[400,401,403,419,422,440,498]
;var Bt=(e,t,r)=>r?.signal||"object"==typeof t?O(e):void 0,zt=e=>!e||!1!==nt(nt(e).auth).retry
;function Ft({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var Gt=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],Vt=["no-session","logout","expired","revoked","token-reused","other-tab","restore-failed"],Jt=(e,t)=>"number"==typeof t&&t>=0&&t<=e,Xt=[250,2e3]
;function Wt(e,t,r,n,s){let o=!1;const i=(e,t)=>{if(o)return;const a=((e,t)=>{const r=ze(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:c,waitMs:l=0}=e,u="refresh-failed"===c&&(e=>void 0!==ze(e,"sign-in-key"))(r)?Ge(r):l,d="signed-in"===c&&"stale"===a,f="signed-out"===c&&"same"===a&&(e=>!!e.known&&ze(e,"sign-in-key")===e.known)(r)||l>0&&0===u,h=Xt[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||s(nt({...e,waitMs:Math.min(l,u)}),a)},a=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=nt(e),{v:r,type:n,key:s="-",userId:o="",sub:i="",reason:a,waitMs:c=0,failures:l=0}=t
;return 1===r&&Gt.includes(n)&&Ue(s)&&"string"==typeof o&&"string"==typeof i&&("signed-out"!==n||Vt.includes(a))&&Jt(He,c)&&Jt(65535,l)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;a&&n(()=>a.postMessage(t))},close(){o=!0,a?.close()}}}var Yt={login:"/auth/login",refresh:"/auth/refresh",
logout:"/auth/logout",logoutAll:"/auth/logout-all"},Zt={login:"/oauth/token",refresh:"/oauth/token",
logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},Qt={accessToken:"accessToken",refreshToken:"refreshToken",
expiresIn:"expiresIn",user:"user"},er={accessToken:"access_token",refreshToken:"refresh_token",expiresIn:"expires_in",
user:"user"};function tr(e){const t=(()=>{const e=globalThis.location?.origin
;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,{start:s,end:o,...i}=nt(e.endpoints),a={
...n?Zt:Yt,...i
},c=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:l,dpop:u=!1,renewBeforeSeconds:d=60,timeoutSeconds:f=10}=e,{tokenScheme:h=(u?"DPoP":"Bearer"),clientId:p,remember:y="memory"}=e,b=nt(e.server),{refresh:g}=b,m=e.transport??(n||Z(g,"refresh}")||null===g&&null!==nt(b.answer).access?"body":"cookie"),k=((e,t,r)=>{
const{inBody:n,oauth2:s,tokenScheme:o,clientId:i,fields:a}=t,c=Rt({access:[a.accessToken],refresh:[a.refreshToken],
expiresIn:[a.expiresIn],user:[a.user],subject:[],step:[]},nt(e.answer)),l=`${o} {access}`,u=(e,t,n,o)=>{
const i=nt(o),{method:a="POST"}=i;return nt({method:a,url:r(i.path??t),isForm:"form"===(i.as??(s?"form":"json")),
body:void 0===i.body&&"GET"!==a?n:i.body,headers:i.headers?At(i.headers):"logoutAll"===e?{authorization:l}:{},
before:i.before&&r(i.before),answer:i.answer?Rt(c,nt(i.answer)):c,authorizeOn401:"logout"!==e||s||i.headers?"":l})
},d=n?{[a.refreshToken.replace(/.*\./,"")]:"{refresh}"}:void 0,f={token:"{refresh}",token_type_hint:"refresh_token",
client_id:"{clientId}"},h={login:s?{grant_type:"password","...":"{credentials}",client_id:"{clientId}"}:"{credentials}",
refresh:s?{grant_type:"refresh_token",refresh_token:"{refresh}",client_id:"{clientId}"}:d,logout:s?f:d,logoutAll:s?f:d
},p={};for(const[t,r]of Object.entries(e.calls??{}))p[t]=u(t,`/${t}`,"{credentials}",r)
;for(const[r,n]of Object.entries(t.endpoints)){const t=e[r];p[r]=null===t?void 0:u(r,n,h[r],t)}return{calls:p,api:{
...e.api?Et(e.api,i):{authorization:l}},user:void 0===e.user||"id_token"===e.user?e.user:r(e.user),over:e.over??[],
notOver:e.notOver??[]}})(b,{endpoints:a,inBody:"body"===m,oauth2:n,tokenScheme:h,clientId:p,fields:{...n?er:Qt,
...e.fields}
},e=>rr(`${e}`.split("{clientId}").join(encodeURIComponent(p??"")),r)),v=Object.keys(a).map(e=>[e,k.calls[e]?.url??rr(a[e],r)]),w=Object.fromEntries(v)
;return{idempotencyKey:new URL(w.refresh).origin===t,restore:"auto",crossTab:!0,
name:w.refresh===`${t}${Yt.refresh}`?"default":w.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,clientId:p,transport:m,remember:y,sharesSession:"cookie"===m||"memory"!==y&&"tab"!==y,tokenScheme:h,
dpop:u,server:k,endpoints:w,origins:[...new Set(c)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof l?l:l&&(()=>l),renewBeforeMs:1e3*d,timeoutMs:1e3*f}}function rr(e,t){
const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function nr(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))nr(t)}return e}
var sr=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},or=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}});function ir(e,t){try{return void(e.server=$t("server","string"==typeof t?V(t):t))}catch(e){
return/^\w+: (.*?): expected (.*), got (.*)$/s.exec(e.message)?.slice(1)}}function ar(e){
const{name:t,sharesSession:r,remember:n}=tr(e);return r||"memory"!==n?t:void 0}var cr=(e,t,r)=>({__proto__:null,json:e,
call:t,isAnswer:r}),lr=(e,t)=>cr(e,t,!1),ur=e=>cr(e,void 0,!0),dr={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,
jwtLifetime:Number.NaN,subject:0,renewable:!1},fr={storage:tt,tabStorage:rt}
;function hr({response:e,stated:t,failure:r,details:n,body:s}){
const{status:o,retryAfterMs:i,token:a,subject:c,renewable:l,expiresIn:u,jwtLifetime:f}=e??dr;return{status:o,
retryAfterMs:i,token:a,subject:c,renewable:l,expiresIn:u,jwtLifetime:f,...r&&{failure:r},details:n,
body:void 0===s?"":d(s),code:t}}var pr=e=>e();function yr(e,t){const r=tr(e),n=(e=>{const t=[],r=r=>{
Object.freeze(r.detail),t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&B(()=>e(r))}
;return Object.assign((e,t,n)=>r({at:Date.now(),level:e,event:t,...n&&{detail:n}}),{add:r,
entries:()=>Object.freeze([...t])})})(r.onLog),s=r.sharesSession&&r.crossTab,i=(a=r.name,
c=(({sharesSession:e,remember:t},{storage:r,tabStorage:n})=>e?r:"tab"===t?n:void 0)(r,fr),{prefix:Ke(a),store:c,
known:void 0,idempotencyKey:void 0,lastTokens:"",unstoredTokens:"",unstoredRevocation:!1});var a,c;const u=((e,t)=>{
if("memory"!==e)return"object"==typeof e?(e=>{let t=Promise.resolve();async function r(e){const r=t;let n=()=>{}
;t=new Promise(e=>{n=e}),await r;try{return await e()}catch{return}finally{n()}}let n="",s="";const o=async()=>{
const t=await r(()=>e.get());return n||(t??"")};return{read:o,async write(t){n=t,await r(async()=>{await e.set(t),
n===t&&(n="")})},last:()=>s,end(){s=o(),r(()=>(n="",e.remove()))}}})(e):{read:()=>Xe(t),write:e=>We(t,e),
last:()=>t.lastTokens,end(){}}})(r.remember,i),d=()=>document.cookie,f=(()=>{const e=[];return{numberOf(t,r,n){
const{userId:s,sub:o}=t;if(void 0===s&&void 0===o)return 0;const i=e[r-1],a=i&&Qe(i,t)
;let c=a?r:e.findIndex(e=>Qe(e,t))+1;if(n&&c)return c;if(!c&&i&&void 0===a){if(n)return 0;c=r}c||=e.push({})
;const{userId:l=s,sub:u=o}=e[c-1];return e[c-1]={userId:l,sub:u},c},identityOf:t=>e[t-1]}})(),p=((e,t)=>{let r={
__proto__:null},n=0,s=0,o=Ze,i=0,a=0,c="",l=0,u=0;return{receive(e,s){n+=1;const o=t.numberOf(e.identity,s?i:0)
;return r[n]={...e,isRefresh:s,subject:o},{token:n,subject:o}},needsUser(e){
const t=r[e],n=t?.isRefresh&&t.subject>0&&t.subject===o.subject;return!(!t||null!==t.user||n&&null!==o.user)},
received:e=>r[e]?.accessToken??"",userOf:e=>r[e]?.user??null,describe(e,n,s){const o=r[e];if(!o)return 0
;const a=V(n),c=((e,{user:t})=>{const r=J(e,"data");return le(t,e,ce)??("object"==typeof r?r:e)})(a,s)
;o.user=me(c,o.accessToken,o.refreshToken,6)?null:c;const{userId:l,sub:u}=ge(s.subject,o.user,a,o.claims)
;return o.identity={userId:l??o.identity.userId,sub:u??o.identity.sub},o.subject=t.numberOf(o.identity,o.isRefresh?i:0),
o.subject},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:c,subject:l}=o,u=n.isRefresh&&(n.subject||l)===(l||n.subject);o=u?{...n,
refreshToken:n.refreshToken||t,user:n.user??c,subject:n.subject||l}:n,i=o.subject,u||(a+=1),s=e}l=G()+t,u=Date.now()+t},
block(){l=0},clear(){c=o.refreshToken||c,s=0,a+=1,o=Ze,l=0,r={__proto__:null}},discard(e){delete r[e]},forgetRevoked(){
c=""},currentId:()=>s,subject:()=>i,profile:()=>({user:o.user,claims:o.claims}),isFresh:()=>G()<l&&Date.now()<u,
allows(t){for(let r=0;r<e.length;r+=1)if(0===h(t,e[r]))return!0;return!1},generation:()=>a,
accessToken:()=>o.accessToken,refreshToken:e=>o.refreshToken||(e?c:"")}})(r.origins,f),y=t&&new br(t),m=((e,t,r)=>{
const n=t?globalThis.navigator?.locks:void 0;let s=()=>{};return{request(t,o,i){s()
;const a=new AbortController,{signal:c}=a,l=()=>r(()=>c.aborted||i()),u=()=>o>0?setTimeout(l,o):l()
;if(!n)return s=()=>a.abort(),B(u);const d=new Promise(e=>{s=()=>{a.abort(),e()}});n.request(e,nt(t?{steal:t}:{signal:c
}),()=>(u(),d)).catch(({name:e})=>"AbortError"===e||u())},release:()=>r(s),close:()=>s()}
})(i.prefix,s,pr),v=Wt(i.prefix,s,i,pr,(t,r)=>{const{type:s,reason:o,waitMs:i=0,failures:a=0}=t
;n("debug","message-received",{type:s,relation:r,waitMs:i,failures:a});const c=f.numberOf(t,p.subject(),!0)
;e.messageReceived(r,s,c,o,i,a)}),j=function(e){
const{client:t,tokens:r,sendAuthorized:n,createError:s}=e,i=new Set((({calls:e})=>Object.values(e).flatMap(e=>e&&"GET"!==e.method?[e.url]:[]))(e.settings.server)),a=new Set,c=((e,t,r)=>{
const{client:n,tokens:s,sendAuthorized:o,log:i,createError:a}=e,c=(()=>{let e=0,t=0;const r=[];return async n=>{
e<128?e+=1:await new Promise(e=>r.push(e));try{return await n()}finally{const n=r[t];t+=1,n?n():(e-=1,t=r.length=0)}}
})();let l=0;return async(e,u,d,f)=>{if(!0!==f&&!await f)return d;const h=(e=>{let t=2166136261
;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0})(S(e.request))
;u!==l&&i("info","call-rejected",{status:d.status,token:u}),l=u
;const p=await z(n.tokenRejected(u,h),e.signal)?Le(e):void 0;if(!p)return d;d.body?.cancel().catch(()=>{})
;const y=s.generation();let b=0;const g=await z(c(()=>{if(!t.has(e.reject)||s.generation()!==y)throw a("SESSION_ENDED")
;return b=r(),o(p,e)}),e.signal)
;return!Ft(e,g)&&await e.handler.isRejected(g)&&(Kt(`${_(p)} ${S(p)}: status ${g.status} with a new token too. If it is not about the token, pass auth: {retry: false}`),
await n.retryRejected(b,h)),g}})(e,a,d);let u=!1;function d(){const e=r.currentId()
;if(0===e)throw s(u?"DISPOSED":"SESSION_ENDED");return e}function f(e){const t=d();n(e.request,e).then(r=>{try{
const n=!Ft(e,r)&&e.handler.isRejected(r);!1===n?e.resolve(r):c(e,t,r,n).then(e.resolve,e.reject)}catch(t){e.reject(t)}
},e.reject)}return{fetch(n,s,c=e.handler){let u;try{u=new o(n,s)}catch(e){return Promise.reject(e)}if(!((e,t,r)=>{
const n=S(e),s=E(w(e),"authorization");return t.allows(n)&&!r.has(n)&&!s})(u,r,i))return l(u);const d=zt(s)?c:{...c,
isRejected:()=>!1},h=((e,t)=>null===k(e)||/^(GET|HEAD)$/.test(_(e))?null:"string"==typeof t?t:((e,t)=>{
if("ReadableStream"===(r=t,Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return
;var r;const n=$(e);if(null!=t)return n;try{return new o($(n),qe),n}catch{return void k(n)?.cancel().catch(()=>{})}
})(e,t))(u,s?.body);return new Promise((e,o)=>{const i={request:u,handler:d,signal:Bt(u,n,s),replayBody:h,resolve(t){
a.delete(i.reject),e(t)},reject(e){a.delete(i.reject),o(e)}};(e=>{if(a.add(e.reject),r.isFresh())return f(e)
;z(t.requestToken(0),e.signal).then(()=>f(e)).catch(e.reject)})(i)})},async getAccessToken(e){await t.requestToken(e),
d();const n=r.accessToken();if(!n)throw s("TOKEN_IN_COOKIE");return n},rejectAll(e){u||="DISPOSED"===e
;for(const t of a)t(s(e))}}}({settings:r,client:e,tokens:p,sendAuthorized:Me(p,r.server.api,y,d),handler:{
isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},log:n,createError(e){return new sr(e)}}),T={
client(){return e},settings:r,tokens:p,users:f,requests:Ae({settings:r,tokens:p,idempotencyKey(){return(e=>{
const t=ze(e,"idempotency-key"),r=Ue(t)?t:e.idempotencyKey||Be();return Ye(e,r),r})(i)},prover:y,cookies:d,remembered:u
}),remembered:u,state:i,lock:m,crossTab:v,log:n,rejectCalls:j.rejectAll};return Object.freeze({...Ct(T),settings:{
name:r.name,transport:r.transport},sendAuthRequest(e,t,r){return(async({settings:e,requests:t,state:r,log:n},s,o,i)=>{
const a=(t,r=!1)=>{const n=`${(({server:e,endpoints:t},r,n)=>{const s=e.calls[n?.call??r]
;return`${s?.method??"POST"} ${s?.url??t[r]}`})(e,s,o)}: ${t}`;return r||Kt(n),n};try{
const c=await t.send(s,o,i),{status:l,code:u="",message:d,found:f,retryAfterMs:h,isPage:p,body:y}=c,m=l>=200&&l<300,k=((e,{status:t,code:r="",message:n="",isPage:s,isRefusal:o,isStep:i},{over:a,notOver:c})=>{
const l=b(`${r} ${n}`);if("refresh"===e){if(Mt(c,t,l))return"request-fault";if(Mt(a,t,l))return"over"}
return i?"step-required":g(xt,r)?xt[r]:g(xt,n)?xt[n]:!(s||qt(b(r),Pt)||qt(l,Dt))||s&&"login"===e?"login"===e?qt(l,Lt)?"bad-credentials":void 0:o?"refused":void 0:"request-fault"
})(s,c,e.server),v=Ut.includes(l)&&!p&&"request-fault"!==k;if((c.token||v)&&(e=>{null===ze(e,"asked")&&Fe(e,"asked","1")
})(r),(({token:e,expiresIn:t,jwtLifetime:r},n)=>{e&&Math.abs(t-r)>1&&n("warn","lifetimes-differ",{expiresIn:t,
jwtLifetime:r})})(c,n),n(m?"debug":"warn","auth-request",{endpoint:s,status:l,code:u.slice(0,40),retryAfterMs:h}),
m&&("logout"===s||"logoutAll"===s||c.token))return{response:c,details:""}
;const w=404===l||405===l?` (wrong options.baseUrl or options.endpoints.${s}, or no proxy?)`:m?(({server:e},t,r)=>`; expected the member ${e.calls[t]?.answer.access?.join(" or ")} (options.fields), found ${r}`)(e,o?.call??s,p?"a page of HTML (no proxy?)":f):""
;return{response:c,stated:k,
details:a(`status ${l}${"step-required"===k?"":w}${d?`; the server says: ${d}`:""}`,"refresh"===s&&401===l||!e.server.calls[s]||"step-required"===k),
body:y}}catch(e){const t=e instanceof $e;return n("warn","auth-request",{endpoint:s,
failed:t?"options.authHeaders":e?.name}),t&&B(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",
details:a("options.authHeaders failed",!0)}:{failure:"network-error",
details:"AbortError"===e?.name?"":a("no response: offline, server down, or CORS")}}})(T,e,t,r).then(hr)},
wrongArgument(e){return(({json:e,call:t="login",isAnswer:r},{calls:n})=>{if(r)return;const s=g(n,t)?n[t]:void 0
;return!s||["refresh","logout","logoutAll"].includes(t)?"call":s.isForm&&!(e=>"{"===e[0]&&Object.values(JSON.parse(e)).every(e=>"string"==typeof e))(e)?"credentials":void 0
})(e,r.server)},abortAuthRequest:T.requests.abort,fetch(e,t){return j.fetch(e,t)},user(){return nr(p.profile().user)},
jwtPayload(){return se(p.accessToken())},
getAccessToken:r.exposeToken?j.getAccessToken:()=>Promise.reject(new sr("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
m.close(),v.close(),j.rejectAll("DISPOSED")}})}var br=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(s=>s.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(s=>s.send(e,t,r,n))}}
;export{sr as CallError,ur as createAdoption,lr as createLogin,or as createOptions,yr as createPlatform,ir as setServer,ar as storedKeyName};
