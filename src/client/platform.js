// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},s="document"in globalThis,o=globalThis.document,{Request:i,Headers:c,XMLHttpRequest:a,URL:l,URLSearchParams:u}=globalThis,{fetch:d}=globalThis,{parse:f,stringify:h}=JSON,{getPrototypeOf:p,keys:y,prototype:b}=Object,g=r(String.prototype.indexOf),m=r(String.prototype.lastIndexOf),v=r(String.prototype.slice),k=r(String.prototype.toLowerCase),w=r(Object.prototype.hasOwnProperty),_=n(l?.prototype,"href"),j=n(globalThis.Node?.prototype,"baseURI"),T=i?.prototype,O=n(T,"body"),S=n(T,"credentials"),I=n(T,"headers"),N=n(T,"method"),E=n(T,"referrer"),R=n(T,"referrerPolicy"),$=n(T,"signal"),A=n(T,"url"),x=T&&r(T.clone),P=c?.prototype,D=P&&r(P.set),q=P&&r(P.has),M=(P&&r(P.delete),
a?.prototype),L=M&&r(M.open),C=M&&r(M.send),H=M&&r(M.abort),K=M&&r(M.setRequestHeader),U=M&&r(M.getAllResponseHeaders),z=M&&r(M.addEventListener),B=M&&r(Object.getOwnPropertyDescriptor(M,"withCredentials")?.set),F=n(M,"status"),G=n(M,"responseText"),V=n(M,"responseURL"),J=e=>e.reason??new DOMException("the call was aborted","AbortError"),X=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function W(e,t){return t?new Promise((r,n)=>{
const s=()=>n(J(t))
;t.aborted&&s(),t.addEventListener("abort",s),e.then(r,n).finally(()=>t.removeEventListener("abort",s))}):e}
var Y=globalThis.performance??Date,Q=()=>Y.now();function Z(e){try{return f(e)}catch{return null}}function ee(e,t){
let r=e;for(let e=0;"."!==t&&e<=t.length;){const n=g(t,".",e),s=n<0?t.length:n,o=v(t,e,s)
;if("object"!=typeof r||null===r||!w(r,o))return;r=r[o],e=s+1}return r??void 0}function te(e,t){const r=ee(e,t)
;return"string"==typeof r?r:""}var re=(e,t)=>({__proto__:null,access:e,refresh:"",credentials:void 0,clientId:void 0,
cookies:t,kept:void 0});function ne(e,t){
return"access"===e?t.access:"refresh"===e?t.refresh:"clientId"===e?t.clientId:"credentials"===e?void 0===t.credentials?void 0:f(t.credentials):0===g(e,"cookie:")?((e,t)=>{
const r=`; ${e};`,n=g(r,`; ${t}=`);if(n<0)return;const s=n+t.length+3,o=v(r,s,g(r,";",s));try{
return decodeURIComponent(o)}catch{return o}
})(t.cookies,v(e,7)):void 0===t.credentials?void 0:ee(f(t.credentials),v(e,12))}function se(e,t){
if("string"==typeof e)return g(e,`{${t}`)>=0;if("object"!=typeof e||null===e)return!1;const r=y(e)
;for(let n=0;n<r.length;n+=1)if(se(e[r[n]],t))return!0;return!1}function oe(e,t){let r="";for(let n=0;;){
const s=g(e,"{",n),o=s<0?-1:g(e,"}",s);if(o<0)return r+v(e,n);const i=ne(v(e,s+1,o),t);if(null==i||""===i)return
;if(0===s&&o===e.length-1)return i;r+=v(e,n,s)+i,n=o+1}}function ie(e,t,r,n){const s=y(e);for(let o=0;o<s.length;o+=1){
const i=s[o],c=n&&q(n,i)?void 0:oe(e[i],t);void 0!==c&&r(i,`${c}`)}}var ce=e=>"object"==typeof e&&null!==e?y(e):[]
;function ae(e,t){const r={__proto__:null},n=y(e);for(let s=0;s<n.length;s+=1){
const o=n[s],i=e[o],c="string"==typeof i?oe(i,t):"object"==typeof i&&null!==i?ae(i,t):i;if("..."===o){const e=ce(c)
;for(let t=0;t<e.length;t+=1)r[e[t]]=c[e[t]]}else void 0!==c&&(r[o]=c)}return r}function le(e,t,r){
if(null==e)return null;if("{credentials}"===e&&!t)return r.credentials??null
;const n="object"==typeof e?ae(e,r):"string"==typeof e?oe(e,r):e
;return void 0===n||"object"==typeof n&&0===ce(n).length&&ce(e).length>0?null:t?new u(n):h(n)}function ue(e){
const t=g(e,"."),r=g(e,".",t+1);return r>t&&t>0?v(e,t+1,r):""}function de(e){try{
const t=atob(ue(e).split("-").join("+").split("_").join("/")),r=Z((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}}
var fe=e=>void 0===e?void 0:`${e}`,he=e=>"string"==typeof e?e:void 0,pe=()=>null;function ye(e,t,r){
for(let n=0;n<e.length;n+=1){const s=e[n],o=0===g(s,"@")?r(k(v(s,1))):ee(t,s);if(null!=o&&""!==o)return o}}
function be(e,t,r,n=pe,s=!1){const o=Z(t),i=((e,t)=>{let r=0;for(;r<e.length&&e[r]<=" ";)r+=1
;return"<"===e[r]||e.length>1e3&&g(k(t("content-type")??""),"html")>=0
})(t,n),c=!1!==(ye(r.step,o,n)??!1),a=null===o&&t.length<16&&g(t,"null")>=0,l=void 0!==ye(r.access??[],o,n)||void 0!==ye(r.refresh,o,n),u="object"==typeof o&&null!==o,d=e&&(a||u&&((e,{access:t,user:r})=>{
if(!1===ee(e,"success"))return!0;const n=t??r;for(let t=0;t<n.length;t+=1)if(ge(e,n[t]))return!0;return!1
})(o,r)),f=!e||c||i||a||d&&!r.access?void 0:((e,t,r,n)=>{const{access:s}=t,o=s?(e=>{const t=g(e," ")
;return t<0?e:v(e,t+1)})(he(ye(s,e,r))??""):"";if(!o&&s&&(!0!==ee(e,"success")||Se(e,8)))return
;const i=ye(t.user,e,r)??null,c=he(ye(t.refresh,e,r))??"",a=(Te(i,o,c,6)?null:i)??(n?de(te(e,"id_token")):null),l=de(o)
;return{accessToken:o,refreshToken:c,type:ee(e,"token_type"),user:a,claims:l,identity:je(t.subject,a,e,l)}
})(o,r,n,s),h=(!e||d)&&!l,p=h?(e=>{for(let t=0;t<me.length;t+=1){const r=ee(e,me[t]);if("string"==typeof r)return r}
const t=ee(e,"error.code")??ee(e,"code");return"number"==typeof t?`${t}`:void 0
})(o):void 0,b=null===o&&!i&&!a&&!e&&t.length<=1e3&&t?t:void 0,m=h?(e=>{for(let t=0;t<ve.length;t+=1){
const r=ke(ee(e,ve[t]),4);if(r)return r}const t=ke(ee(e,"error"),1);if(t||"object"!=typeof e||null===e)return t
;const r=y(e);for(let t=0;t<r.length;t+=1){const n=r[t],s=ee(ee(e,n),"0");if("string"==typeof s)return`${n}: ${s}`}
})(o)??b:void 0;return{code:p,message:m&&v(m,0,200),isRefusal:d||!e&&u&&!(!p&&!m),isPage:i,isStep:c,
body:!u||!c&&e||l?void 0:o,expiresIn:we(r.expiresIn,o,n),
jwtLifetime:Number(ee(f?.claims,"exp"))-Number(ee(f?.claims,"iat")),issued:f,found:e&&!f?Oe(o)||"no JSON object":""}}
function ge(e,t){const r=m(t,"."),n=r>0?ee(e,v(t,0,r)):e,s=v(t,r+1)
;return"object"==typeof n&&null!==n&&w(n,s)&&null===n[s]}
var me=["error.code","errors.0.extensions.code","errors.0.code","error_code","code","__type","error","error.status","error.name"],ve=["error.message","error_description","message","detail","msg","errors","title","non_field_errors"]
;function ke(e,t){if("string"==typeof e)return e;if("object"!=typeof e||null===e||0===t)return
;const r=ee(e,"message")??ee(e,"msg")??ee(e,"detail");if("string"==typeof r)return r;const n=y(e)
;for(let r=0;r<n.length;r+=1){const s=ke(e[n[r]],t-1);if(s)return s}}function we(e,t,r){for(let n=0;n<e.length;n+=1){
const s=e[n],o=g(s," "),i=o<0?"s":v(s,o+1),c=ye([o<0?s:v(s,0,o)],t,r),a=void 0===c?Number.NaN:_e(c,i,Date.parse(r("date")??""))
;if(!Number.isNaN(a))return a}return Number.NaN}function _e(e,t,r){
const n=Number("string"==typeof e?e.trim()||Number.NaN:e)
;return"ms"===t?n/1e3:"at"!==t?n:((Number.isNaN(n)?Date.parse(String(e)):n>1e11?n:1e3*n)-(r||Date.now()))/1e3}
function je(e,t,r,n){if(0===e.length)return((e,t)=>({userId:fe(ee(e,"id")??ee(e,"pk")??ee(e,"user_id")),
sub:fe(ee(e,"sub")??ee(t,"sub")??ee(t,"user_id"))}))(t,n);const s=e=>void 0===e?void 0:fe(ee(t,e)??ee(r,e)??ee(n,e))
;return{userId:s(e[1]),sub:s(e[0])}}function Te(e,t,r,n){if("string"==typeof e)return""!==e&&(e===t||e===r)
;if("object"!=typeof e||null===e)return!1;const s=y(e)
;for(let o=0;o<s.length;o+=1)if(0===n||Te(e[s[o]],t,r,n-1))return!0;return!1}function Oe(e,t=""){
if("object"!=typeof e||null===e)return"";let r="";const n=y(e);for(let s=0;s<n.length&&s<20;s+=1){const o=v(n[s],0,40)
;r+=`${r&&", "}${(t?"":Oe(e[o],`${o}.`))||t+o}`}return r}function Se(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=y(e);for(let n=0;n<r.length;n+=1){const s=k(r[n])
;if(g(s,"token")>=0&&g(s,"csrf")<0&&g(s,"xsrf")<0||Se(e[r[n]],t-1))return!0}return!1}
var Ie=e=>"logout"===e||"logoutAll"===e,Ne=({settings:e})=>e.server.calls.login.answer;function Ee(e,t,r,n,s,o){
const{call:i}=t;e.prover?.learnNonce(i?.url??"",s("dpop-nonce"))
;const c=n>=200&&n<300,a=i?.answer??Ne(e),{issued:l,...u}=be(c,o,a,s,"id_token"===e.settings.server.user)
;return Re(e,t,r,{...u,status:n,retryAfterMs:((e,t)=>{
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0})(s("retry-after"),s("date"))},l)}function Re(e,t,r,n,s){
const{endpoint:o}=t,{tokens:i,remembered:c,inBody:a}=e,l=ee(r.kept,"user")??i.profile().user
;if(!s||Ie(o)||e.settings.refusesUser?.(s.user,t,s.type,l))return{...n,token:0,subject:0,renewable:!1}
;const{refresh:u}=e.settings.server.calls,d="refresh"===o;s.refreshToken=a?s.refreshToken||(d?r.refresh:""):""
;const f=a&&se(u,"refresh}"),h=!(!u||f&&""===s.refreshToken);d&&!i.currentId()&&(s.user??=ee(r.kept,"user")??null)
;const p=s.user??(d?i.profile().user:null)
;return c&&((e,{accessToken:t,refreshToken:r},n,{expiresIn:s,jwtLifetime:o})=>{
const i=s>0&&!(o<s&&o>0)?s:o,c=i>0?Date.now()+1e3*i:null;$e(e,r,e.keepsAccess?t:"",c,n)})(e,s,p,n),{...n,
...i.receive(s,d),renewable:h}}function $e(e,t,r,n,s){e.written=e.remembered?.write(h({__proto__:null,refresh:t,
access:r,until:n,user:s}))}function Ae({method:e,url:t,headers:r,setHeaders:n,body:o,withCredentials:i,signal:c},l){
return new Promise((u,d)=>{const f=new a;if(L(f,e,t),B(f,i),r.forEach((e,t)=>{K(f,t,e)}),n((e,t)=>{K(f,e,t)}),
z(f,"loadend",()=>{const e=F(f),r=G(f),n=V(f)!==t,o=U(f);s&&L(f,"POST",t),H(f);try{
e?u(n?l(302,()=>null,""):l(e,e=>((e,t)=>{const r=`\r\n${e}`,n=g(r,`\r\n${t}: `),s=n+t.length+4
;return n<0?null:v(r,s,g(r,"\r\n",s))})(o,e),r)):d(c.reason??new TypeError("no response"))}catch(e){d(e)}}),
c.addEventListener("abort",()=>H(f)),c.aborted)return d(J(c));C(f,o)})}
var xe=class extends Error{},Pe=e=>"function"==typeof e?.then;function De(e){
const{settings:t,tokens:r,remembered:n}=e,{calls:s,api:o}=t.server,i={...e,inBody:"body"===t.transport,usesCookies:se({
...s,api:o},"cookie:"),keepsAccess:!s.refresh||se(s.refresh,"access}"),written:void 0};let c=()=>{};return{send(e,o,a){
const l=new AbortController;c=()=>l.abort();const{signal:u}=l;a?.aborted&&l.abort(J(a)),
a?.addEventListener("abort",()=>l.abort(J(a)),{signal:u});const d=s[o?.call??e],f={__proto__:null,endpoint:e,call:d,
signal:u,login:o,access:r.accessToken(),refresh:r.refreshToken(Ie(e))},h=(({authHeaders:e})=>{const t=e=>{
throw new xe("",{cause:e})};try{const r=e?.()
;return Pe(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}})(t)
;return Pe(h)||i.usesCookies||n||d?.before?(async(e,t,r)=>{
const{endpoint:n,call:s,signal:o}=t,{remembered:i}=e,c=e=>W(Promise.resolve(e),o),a=await c(r)
;s?.before&&await c(Le(e,s.before,o));const l=e.usesCookies?await c(e.cookies()):"";let u=""
;if(i&&"refresh"===n&&(u=await c(i.read())),i&&Ie(n)&&(u=await c(i.last())),o.aborted)throw J(o)
;const d=await Ce(e,t,a,l,u),{written:f}=e;return f&&await Promise.race([f,new Promise(e=>setTimeout(e,qe))]),
e.written=void 0,d})(i,f,h):Ce(i,f,h,"","")},abort(){return c()}}}
var qe=2e3,Me=({inBody:e},t,r,n,s=()=>{},o=null,i=new Headers)=>({__proto__:null,method:r,url:n,headers:i,setHeaders:s,
body:o,withCredentials:!e,signal:t}),Le=(e,t,r)=>Ae(Me(e,r,"GET",t),()=>{}).catch(()=>{});function Ce(e,t,r,n,s){
const{endpoint:o,call:c,login:a}=t,{prover:l,settings:u}=e,f=Q(),h=s?Z(s):void 0,p={__proto__:null,
access:te(h,"access")||t.access,refresh:te(h,"refresh")||t.refresh,credentials:a?.json,clientId:u.clientId,cookies:n,
kept:h},y=()=>a?.isAnswer?Promise.resolve(Ee(e,t,p,200,pe,a.json)):((e,t,r,n)=>{
const{endpoint:s,call:o,signal:c}=t,{inBody:a}=e,l=!!o&&a&&Ke(o,n)
;if(!o||l&&("refresh"===s||Ie(s)&&se(o,"refresh}")))return Promise.resolve(((e,t,r)=>{
const n=Number(ee(r.kept,"until")??Number.POSITIVE_INFINITY),{endpoint:s}=t,o="refresh"===s&&!e.tokens.currentId()&&n>Date.now(),i=Ne(e),c=o?((e,t)=>{
const r=te(e,"access");if(!r)return;const n=ee(e,"user")??null,s=de(r);return{accessToken:r,refreshToken:"",user:n,
claims:s,identity:je(t.subject,n,null,s)}})(r.kept,i):void 0
;if(!c)return Ee(e,t,r,Ie(s)?404:401,pe,'{"code":"NO_REFRESH_TOKEN"}')
;const a=Number.isFinite(n)?(n-Date.now())/1e3:Number.NaN;return Re(e,t,r,{...be(!1,"",i),expiresIn:a,status:200,
retryAfterMs:0},c)})(e,t,n))
;const u=le(o.body,o.isForm,n),f="refresh"===s&&e.settings.idempotencyKey&&e.idempotencyKey()
;return f&&r.set("idempotency-key",f),He(r,o,u),Ie(s)?(async(e,t,r,n,s,o)=>{let c=n;const a=async(n,o)=>{
const a=(({method:e,url:t},r,n,s,o)=>new i(t,{__proto__:null,method:e,headers:r,body:n,credentials:s?"omit":"include",
cache:"no-store",redirect:"error",keepalive:!0,signal:o}))(r,s,o,e.inBody,t.signal),l=(e,t)=>D(I(a),e,t)
;ie(r.headers,c,l,s),ie(n,c,l);const u=await d(a),f=await u.text();return Ee(e,t,c,u.status,e=>u.headers.get(e),f)
},{authorizeOn401:l}=r,u=l?{authorization:l}:{};let f=await a({},o);401===f.status&&c.access&&l&&(f=await a(u,o))
;const h=!c.access&&se(r,"access}");return 401===f.status||h&&403===f.status?(await(async(e,{signal:t},r,n,s)=>{
const o=e.settings.server.calls.refresh;if(!o||e.inBody&&Ke(o,r))return;const{answer:i}=o,c=new Headers(n)
;c.delete("content-type");const a=le(o.body,o.isForm,r);He(c,o,a)
;const l=Me(e,t,o.method,o.url,e=>ie(o.headers,r,e,n),a,c);await Ae(l,(e,t,n)=>{const{issued:o}=be(e<300,n,i,t)
;if(!o)return;const{accessToken:c,refreshToken:a}=o;s({...r,__proto__:null,access:c,refresh:a||r.refresh})
}).catch(()=>{})})(e,t,c,s,e=>{c=e}),c===n?f:(e.usesCookies&&(c={...c,__proto__:null,cookies:await e.cookies()}),
a(u,le(r.body,r.isForm,c)))):f
})(e,t,o,n,r,u):Ae(Me(e,c,o.method,o.url,e=>ie(o.headers,n,e,r),u,r),(r,s,o)=>Ee(e,t,n,r,s,o))
})(e,t,r,p),b=l&&"logout"!==o&&c?l.sendAuthRequest(r,c,Ie(o)?p.access:"",y):y()
;return u.server.user?b.then(t=>(async(e,t,r,n)=>{
const{token:s}=t,{tokens:o,settings:i,prover:c}=e,{user:a,api:l}=i.server,u=r+.8*i.timeoutMs-Q()
;if(!s||!a||"id_token"===a||!o.needsUser(s)||u<=0)return t;const{signal:d,abort:f}=(e=>{
const t=new AbortController,r=setTimeout(()=>t.abort(),e);return{signal:t.signal,abort(){clearTimeout(r),t.abort()}}
})(u),h=re(o.received(s),n),p=new Headers,y=Me(e,d,"GET",a,e=>ie(l,h,e),null,p);let{subject:b}=t
;const g=()=>Ae(y,(r,n,i)=>(r>=200&&r<300&&(b=o.describe(s,i,Ne(e))),t))
;return await(c&&h.access?c.sendAuthRequest(p,y,h.access,g):g()).catch(()=>{}),f(),
e.remembered&&o.userOf(s)&&await(async(e,t)=>{const{remembered:r,tokens:n}=e,s=Z(await(r?.read())||"null")
;s&&$e(e,ee(s,"refresh"),ee(s,"access"),ee(s,"until"),n.userOf(t))})(e,s),{...t,subject:b}})(e,t,f,n)):b}
function He(e,t,r){const n=q(e,"content-type")||w(t.headers,"content-type")
;"string"!=typeof r||n||e.set("content-type","application/json")}
var Ke=(e,{refresh:t,access:r})=>se(e,"refresh}")?!t:se(e,"access}")&&!r,Ue=class{};function ze(e){const t=new Ue
;for(const r in e)t[r]=e[r];return t}function Be(e){const t=/^(\S+ )\{access\}$/.exec(e.authorization??"")?.[1]
;return 1===Object.keys(e).length?t:void 0}function Fe(e,t){
return null===O(e)||/^(GET|HEAD)$/.test(N(e))?null:"string"==typeof t?t:((e,t)=>{if("ReadableStream"===(r=t,
Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return;var r;const n=x(e)
;if(null!=t)return n;try{return new i(x(n),Je),n}catch{return void O(n)?.cancel().catch(()=>{})}})(e,t)}
function Ge({request:e,replayBody:t}){if(null===t)return new i(e);if("string"!=typeof t)return t&&x(t)
;const r=E(e),n=R(e);return new i(e,{__proto__:null,body:t,referrer:r,referrerPolicy:n})}
Object.setPrototypeOf(Ue.prototype,null),Reflect.deleteProperty(Ue.prototype,"constructor"),Object.freeze(Ue.prototype)
;var Ve,Je={__proto__:null,method:"POST",mode:"no-cors",cache:"default",integrity:""},Xe=Object.freeze({__proto__:null
}),We="",Ye=/^https?:\/\/[\w.:-]+(\/([\w~@:-][\w.~@:-]*)?)+(\?[\w.~@:=&+%-]*)?$/;function Qe(e){
if("object"!=typeof e||null===e)return!1;const t=p(e);return null===t||t===b}function Ze(e,t){const r=y(e)
;for(let n=0;n<r.length;n+=1){const s=r[n];if("string"!=typeof e[s]||!t(s))return!1}return!0}
var et=e=>"method"===e||"body"===e||"credentials"===e||"mode"===e||"cache"===e||"redirect"===e,tt=e=>"authorization"!==k(e)
;function rt(e,t,r,n){const s=((e,t,r,n)=>{const s=(e=>{const t=Be(e);return t?(e,r)=>{r&&D(I(e),"authorization",t+r)
}:(t,r,n)=>ie(e,re(r,n),(e,r)=>D(I(t),e,r))})(t),o=(t,n,o)=>{
if(r&&e.accessToken())return r.send(t,()=>Ge(n),e,t=>s(t,e.accessToken(),o))
;const c=e.accessToken()||"same-origin"!==S(t)?t:new i(t,{__proto__:null,credentials:"include"})
;return s(c,e.accessToken(),o),d(c)};return(e=>se(e,"cookie:"))(t)?async(t,r)=>{const s=e.generation(),i=await n()
;if(e.generation()!==s)throw new TypeError("the session in which this call was made has ended");return o(t,r,i)
}:(e,t)=>o(e,t,"")})(e,t,r,n),o=r?void 0:Be(t),c=()=>void 0!==o&&""!==e.accessToken();return{send:s,isSimple:c,
sendSimple(t){if(!c()){const e=(({url:e,init:t,headers:r})=>new i(e,{__proto__:null,...t,headers:r}))(t);return s(e,{
request:e,replayBody:t.init.body??null})}const r=ze(t.headers);r.authorization=o+e.accessToken();const n=ze(t.init)
;return n.headers=r,d(t.url,n)}}}
var nt=/^[\x21-\x7e]{1,128}$/,st=864e5,ot=e=>`tokenward:v1:${e}`,it=e=>"string"==typeof e&&nt.test(e),ct=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),at=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),lt=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function ut(e){const t=Number(at(e,"not-before")??0)-Date.now();return t>0&&t<=st?t:0}
var dt=e=>e.unstoredRevocation||"1"===at(e,"pending-revocation");function ft(e,t,r=!0){e.known=t,
r&&lt(e,"sign-in-key",t),lt(e,"probe-key")}var ht=e=>e.unstoredTokens||(at(e,"tokens")??"");function pt(e,t=""){
lt(e,"tokens",t);const r=(at(e,"tokens")??"")===t;e.unstoredTokens=r?"":t,r||lt(e,"tokens")}function yt(e,t){
e.idempotencyKey=t,lt(e,"idempotency-key",t)}var bt={accessToken:"",refreshToken:"",user:null,claims:null,identity:{},
subject:0,isRefresh:!1};function gt(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var mt=e=>({read(t){try{
return globalThis[e].getItem(t)}catch{return}},write(t,r){try{r?globalThis[e].setItem(t,r):globalThis[e].removeItem(t)
}catch{}}}),vt=mt("localStorage"),kt=mt("sessionStorage"),wt=e=>({__proto__:null,...e
}),_t=(e,t=e=>e)=>Object.fromEntries(Object.entries(e).map(([e,r])=>[e.toLowerCase(),t(r)])),jt=(e,t="")=>_t(e,e=>e.split("{clientId}").join(t)),Tt=e=>"string"==typeof e?[e]:e??[]
;function Ot(e,{access:t,...r}){const n={...e};for(const[e,t]of Object.entries(r))n[e]=Tt(t)
;return void 0!==t&&(n.access=null===t?null:Tt(t)),n}var St={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},It=["invalid_client","unauthorized_client","invalid_request","unsupported_","invalid_scope","malformed"],Nt=["csrf","xsrf","rate limit","rate_limit","ratelimit","throttle","too many","too_many"],Et=["credential","password","invalid_grant","invalid grant","invalid_login","invalid login","invalid user","invalid_user","invalid email","invalid_email","user not found","user_not_found","email not found","email_not_found","account not found","account_not_found"]
;function Rt(e,t){for(let r=0;r<t.length;r+=1)if(g(e,t[r])>=0)return!0;return!1}function $t(e,t,r){
for(let n=0;n<e.length;n+=1){const s=k(e[n]),o=v(s,3,4),i=(""===o||" "===o)&&Number(v(s,0,3))||0,c=v(s,i?4:0)
;if((!i||i===t)&&g(r,c)>=0)return!0}return!1}function At(e){
const{client:t,tokens:r,users:n,state:s,lock:o,crossTab:i,log:c,remembered:a}=e,l=(e,r,n=0)=>{
c(e?"warn":"debug","lock-requested",{steal:e}),o.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
c("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=at(e,"sign-in-key")
;return null!==t||e.known||null!==at(e,"asked")||dt(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(s)},isRevocationPending(){return dt(s)},notBeforeWait(){return ut(s)},storeNewKey(){return(e=>{ft(e,ct()),yt(e,ct())
})(s)},adoptStoredKey(){return(e=>{const t=at(e,"sign-in-key"),r=it(t)?t:e.known||ct();ft(e,r,t!==r)})(s)},
useProbeKey(){return(e=>{const t=at(e,"probe-key");e.known||=it(t)?t:ct(),lt(e,"probe-key",e.known)})(s)},removeKey(){
(e=>{const t=at(e,"sign-in-key"),r=t&&t!==e.known;return ft(e,void 0,!r),!r&&(yt(e,void 0),
e.lastTokens=ht(e)||e.lastTokens,pt(e),!0)})(s)&&a?.end()},replaceIdempotencyKey(){return(e=>{
const t=at(e,"idempotency-key");t&&t!==e.idempotencyKey||yt(e,ct())})(s)},storePendingRevocation(){return(e=>{
lt(e,"pending-revocation","1"),e.unstoredRevocation="1"!==at(e,"pending-revocation")})(s)},clearPendingRevocation(){
(e=>{lt(e,"pending-revocation"),e.unstoredRevocation=!1,e.lastTokens=""})(s),r.forgetRevoked()},storeNotBefore(e){
return((e,t)=>lt(e,"not-before",String(Date.now()+Math.min(Math.max(t,ut(e)),st))))(s,e)},clearNotBefore(){
return(e=>lt(e,"not-before"))(s)},requestLock(e){return l(!1,e)},requestSettledLock(e){return l(!1,e,250)},stealLock(e){
return l(!0,e)},releaseLock:o.release,broadcast(e,t,r,s,o){const c="refresh-failed"===e?{waitMs:Math.min(s,st),
failures:o}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...c})}}}
var xt=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??"")
;function Pt(e){xt&&console.warn(`tokenward: ${e}`)}var Dt=[400,401,403,419,422,440,498]
;var qt=({simple:e,replayable:t})=>e?.url??A(t.request),Mt=({simple:e,replayable:t})=>e?e.init.method??"GET":N(t.request),Lt=(e,t,r)=>r?.signal||"object"==typeof t?$(e):void 0,Ct=e=>!e||!1!==wt(wt(e).auth).retry
;function Ht({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var Kt=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],Ut=["no-session","logout","expired","revoked","token-reused","other-tab","restore-failed"],zt=(e,t)=>"number"==typeof t&&t>=0&&t<=e,Bt=[250,2e3]
;function Ft(e,t,r,n,s){let o=!1;const i=(e,t)=>{if(o)return;const c=((e,t)=>{const r=at(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:a,waitMs:l=0}=e,u="refresh-failed"===a&&(e=>void 0!==at(e,"sign-in-key"))(r)?ut(r):l,d="signed-in"===a&&"stale"===c,f="signed-out"===a&&"same"===c&&(e=>!!e.known&&at(e,"sign-in-key")===e.known)(r)||l>0&&0===u,h=Bt[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||s(wt({...e,waitMs:Math.min(l,u)}),c)},c=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=wt(e),{v:r,type:n,key:s="-",userId:o="",sub:i="",reason:c,waitMs:a=0,failures:l=0}=t
;return 1===r&&Kt.includes(n)&&it(s)&&"string"==typeof o&&"string"==typeof i&&("signed-out"!==n||Ut.includes(c))&&zt(st,a)&&zt(65535,l)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;c&&n(()=>c.postMessage(t))},close(){o=!0,c?.close()}}}var Gt={login:"/auth/login",refresh:"/auth/refresh",
logout:"/auth/logout",logoutAll:"/auth/logout-all"},Vt={login:"/oauth/token",refresh:"/oauth/token",
logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},Jt={accessToken:"accessToken",refreshToken:"refreshToken",
expiresIn:"expiresIn",user:"user"},Xt={accessToken:"access_token",refreshToken:"refresh_token",expiresIn:"expires_in",
user:"user"};function Wt(e){const t=(()=>{const e=globalThis.location?.origin
;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,{start:s,end:o,...i}=wt(e.endpoints),c={
...n?Vt:Gt,...i
},a=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:l,dpop:u=!1,renewBeforeSeconds:d=60,timeoutSeconds:f=10}=e,{tokenScheme:h=(u?"DPoP":"Bearer"),clientId:p,remember:y="memory"}=e,b=wt(e.server),{refresh:g}=b,m=e.transport??(n||se(g,"refresh}")||null===g&&null!==wt(b.answer).access?"body":"cookie"),v=((e,t,r)=>{
const{inBody:n,oauth2:s,tokenScheme:o,clientId:i,fields:c}=t,a=Ot({access:[c.accessToken],refresh:[c.refreshToken],
expiresIn:[c.expiresIn],user:[c.user],subject:[],step:[]},wt(e.answer)),l=`${o} {access}`,u=(e,t,n,o)=>{
const i=wt(o),{method:c="POST"}=i;return wt({method:c,url:r(i.path??t),isForm:"form"===(i.as??(s?"form":"json")),
body:void 0===i.body&&"GET"!==c?n:i.body,headers:i.headers?_t(i.headers):"logoutAll"===e?{authorization:l}:{},
before:i.before&&r(i.before),answer:i.answer?Ot(a,wt(i.answer)):a,authorizeOn401:"logout"!==e||s||i.headers?"":l})
},d=n?{[c.refreshToken.replace(/.*\./,"")]:"{refresh}"}:void 0,f={token:"{refresh}",token_type_hint:"refresh_token",
client_id:"{clientId}"},h={login:s?{grant_type:"password","...":"{credentials}",client_id:"{clientId}"}:"{credentials}",
refresh:s?{grant_type:"refresh_token",refresh_token:"{refresh}",client_id:"{clientId}"}:d,logout:s?f:d,logoutAll:s?f:d
},p={};for(const[t,r]of Object.entries(e.calls??{}))p[t]=u(t,`/${t}`,"{credentials}",r)
;for(const[r,n]of Object.entries(t.endpoints)){const t=e[r];p[r]=null===t?void 0:u(r,n,h[r],t)}return{calls:p,api:{
...e.api?jt(e.api,i):{authorization:l}},user:void 0===e.user||"id_token"===e.user?e.user:r(e.user),over:e.over??[],
notOver:e.notOver??[]}})(b,{endpoints:c,inBody:"body"===m,oauth2:n,tokenScheme:h,clientId:p,fields:{...n?Xt:Jt,
...e.fields}
},e=>Yt(`${e}`.split("{clientId}").join(encodeURIComponent(p??"")),r)),k=Object.keys(c).map(e=>[e,v.calls[e]?.url??Yt(c[e],r)]),w=Object.fromEntries(k)
;return{idempotencyKey:new URL(w.refresh).origin===t,restore:"auto",crossTab:!0,
name:w.refresh===`${t}${Gt.refresh}`?"default":w.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,clientId:p,transport:m,remember:y,sharesSession:"cookie"===m||"memory"!==y&&"tab"!==y,tokenScheme:h,
dpop:u,server:v,endpoints:w,origins:[...new Set(a)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof l?l:l&&(()=>l),renewBeforeMs:1e3*d,timeoutMs:1e3*f}}function Yt(e,t){
const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function Qt(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))Qt(t)}return e}
var Zt=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},er=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}});function tr(e){const{name:t,sharesSession:r,remember:n}=Wt(e);return r||"memory"!==n?t:void 0}
var rr=(e,t,r)=>({__proto__:null,json:e,call:t,isAnswer:r}),nr=(e,t)=>rr(e,t,!1),sr=e=>rr(e,void 0,!0),or={status:0,
retryAfterMs:0,token:0,expiresIn:Number.NaN,jwtLifetime:Number.NaN,subject:0,renewable:!1},ir={storage:vt,tabStorage:kt}
;function cr({response:e,stated:t,failure:r,details:n,body:s}){
const{status:o,retryAfterMs:i,token:c,subject:a,renewable:l,expiresIn:u,jwtLifetime:d}=e??or;return{status:o,
retryAfterMs:i,token:c,subject:a,renewable:l,expiresIn:u,jwtLifetime:d,...r&&{failure:r},details:n,
body:void 0===s?"":h(s),code:t}}var ar=e=>e();function lr(e,t){const r=Wt(e),n=(e=>{const t=[],r=r=>{
Object.freeze(r.detail),t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&X(()=>e(r))}
;return Object.assign((e,t,n)=>r({at:Date.now(),level:e,event:t,...n&&{detail:n}}),{add:r,
entries:()=>Object.freeze([...t])})})(r.onLog),c=r.sharesSession&&r.crossTab,a=(u=r.name,
f=(({sharesSession:e,remember:t},{storage:r,tabStorage:n})=>e?r:"tab"===t?n:void 0)(r,ir),{prefix:ot(u),store:f,
known:void 0,idempotencyKey:void 0,lastTokens:"",unstoredTokens:"",unstoredRevocation:!1});var u,f;const h=((e,t)=>{
if("memory"!==e)return"object"==typeof e?(e=>{let t=Promise.resolve();async function r(e){const r=t;let n=()=>{}
;t=new Promise(e=>{n=e}),await r;try{return await e()}catch{return}finally{n()}}let n="",s="";const o=async()=>{
const t=await r(()=>e.get());return n||(t??"")};return{read:o,async write(t){n=t,await r(async()=>{await e.set(t),
n===t&&(n="")})},last:()=>s,end(){s=o(),r(()=>(n="",e.remove()))}}})(e):{read:()=>ht(t),write:e=>pt(t,e),
last:()=>t.lastTokens,end(){}}})(r.remember,a),p=()=>document.cookie,y=(()=>{const e=[];return{numberOf(t,r,n){
const{userId:s,sub:o}=t;if(void 0===s&&void 0===o)return 0;const i=e[r-1],c=i&&gt(i,t)
;let a=c?r:e.findIndex(e=>gt(e,t))+1;if(n&&a)return a;if(!a&&i&&void 0===c){if(n)return 0;a=r}a||=e.push({})
;const{userId:l=s,sub:u=o}=e[a-1];return e[a-1]={userId:l,sub:u},a},identityOf:t=>e[t-1]}})(),b=((e,t)=>{let r={
__proto__:null},n=0,s=0,o=bt,i=0,c=0,a="",l=0,u=0;return{receive(e,s){n+=1;const o=t.numberOf(e.identity,s?i:0)
;return r[n]={...e,isRefresh:s,subject:o},{token:n,subject:o}},needsUser(e){
const t=r[e],n=t?.isRefresh&&t.subject>0&&t.subject===o.subject;return!(!t||null!==t.user||n&&null!==o.user)},
received:e=>r[e]?.accessToken??"",userOf:e=>r[e]?.user??null,describe(e,n,s){const o=r[e];if(!o)return 0
;const c=Z(n),a=((e,{user:t})=>{const r=ee(e,"data");return ye(t,e,pe)??("object"==typeof r?r:e)})(c,s)
;o.user=Te(a,o.accessToken,o.refreshToken,6)?null:a;const{userId:l,sub:u}=je(s.subject,o.user,c,o.claims)
;return o.identity={userId:l??o.identity.userId,sub:u??o.identity.sub},o.subject=t.numberOf(o.identity,o.isRefresh?i:0),
o.subject},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:a,subject:l}=o,u=n.isRefresh&&(n.subject||l)===(l||n.subject);o=u?{...n,
refreshToken:n.refreshToken||t,user:n.user??a,subject:n.subject||l}:n,i=o.subject,u||(c+=1),s=e}l=Q()+t,u=Date.now()+t},
block(){l=0},clear(){a=o.refreshToken||a,s=0,c+=1,o=bt,l=0,r={__proto__:null}},discard(e){delete r[e]},forgetRevoked(){
a=""},currentId:()=>s,subject:()=>i,profile:()=>({user:o.user,claims:o.claims}),isFresh:()=>Q()<l&&Date.now()<u,
allows(t){for(let r=0;r<e.length;r+=1)if(0===g(t,e[r]))return!0;return!1},generation:()=>c,
accessToken:()=>o.accessToken,refreshToken:e=>o.refreshToken||(e?a:"")}})(r.origins,y),m=t&&new ur(t),T=((e,t,r)=>{
const n=t?globalThis.navigator?.locks:void 0;let s=()=>{};return{request(t,o,i){s()
;const c=new AbortController,{signal:a}=c,l=()=>r(()=>a.aborted||i()),u=()=>o>0?setTimeout(l,o):l()
;if(!n)return s=()=>c.abort(),X(u);const d=new Promise(e=>{s=()=>{c.abort(),e()}});n.request(e,wt(t?{steal:t}:{signal:a
}),()=>(u(),d)).catch(({name:e})=>"AbortError"===e||u())},release:()=>r(s),close:()=>s()}
})(a.prefix,c,ar),O=Ft(a.prefix,c,a,ar,(t,r)=>{const{type:s,reason:o,waitMs:i=0,failures:c=0}=t
;n("debug","message-received",{type:s,relation:r,waitMs:i,failures:c});const a=y.numberOf(t,b.subject(),!0)
;e.messageReceived(r,s,a,o,i,c)}),S=function(e){
const{client:t,tokens:r,sender:n,createError:c}=e,a=new Set((({calls:e})=>Object.values(e).flatMap(e=>e&&"GET"!==e.method?[e.url]:[]))(e.settings.server)),u=new Set,f=((e,t,r)=>{
const{client:n,tokens:s,sender:o,log:i,createError:c}=e,a=(()=>{let e=0,t=0;const r=[];return async n=>{
e<128?e+=1:await new Promise(e=>r.push(e));try{return await n()}finally{const n=r[t];t+=1,n?n():(e-=1,t=r.length=0)}}
})();let l=0;return async(e,u,d,f)=>{if(!0!==f&&!await f)return d;const h=qt(e),p=(e=>{let t=2166136261
;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0})(h)
;u!==l&&i("info","call-rejected",{status:d.status,token:u}),l=u
;const y=await W(n.tokenRejected(u,p),e.signal)?(({simple:e,replayable:t},r)=>{if(e)return()=>r.sendSimple(e)
;const n=Ge(t);return n&&(()=>r.send(n,t))})(e,o):void 0;if(!y)return d;d.body?.cancel().catch(()=>{})
;const b=s.generation();let g=0;const m=await W(a(()=>{if(!t.has(e.reject)||s.generation()!==b)throw c("SESSION_ENDED")
;return g=r(),y()}),e.signal)
;return!Ht(e,m)&&await e.handler.isRejected(m)&&(Pt(`${Mt(e)} ${h}: status ${m.status} with a new token too. If it is not about the token, pass auth: {retry: false}`),
await n.retryRejected(g,p)),m}})(e,u,p);let h=!1;function p(){const e=r.currentId()
;if(0===e)throw c(h?"DISPOSED":"SESSION_ENDED");return e}function y(e){const t=p()
;(({simple:e,replayable:t})=>e?n.sendSimple(e):n.send(t.request,t))(e).then(r=>{try{
const n=!Ht(e,r)&&e.handler.isRejected(r);!1===n?e.resolve(r):f(e,t,r,n).then(e.resolve,e.reject)}catch(t){e.reject(t)}
},e.reject)}function b(e,n,s,o){return new Promise((i,c)=>{const a={simple:e,replayable:n,handler:s,signal:o,resolve(e){
u.delete(a.reject),i(e)},reject(e){u.delete(a.reject),c(e)}};(e=>{if(u.add(e.reject),r.isFresh())return y(e)
;W(t.requestToken(0),e.signal).then(()=>y(e)).catch(e.reject)})(a)})}const g=e=>r.allows(e)&&!a.has(e);return{
fetch(t,c,a=e.handler){const u=n.isSimple()&&r.isFresh()?((e,t)=>{if("string"!=typeof e)return;const r=(e=>{try{
const t=s?j(o):globalThis.location?.href;t!==Ve&&(We=v(_(new l("/",t)),0,-1),Ve=t);const r="/"===e[0]&&"/"!==e[1]?We+e:e
;return Ye.test(r)?r:_(new l(e,t))}catch{return}})(e);if(!r)return;if(void 0===t)return{url:r,init:Xe,headers:Xe}
;if(!Qe(t))return;const n={__proto__:null,...t},i=n.headers;if(delete n.headers,!Ze(n,et))return;if(void 0===i)return{
url:r,init:n,headers:Xe};if(!Qe(i))return;const c={__proto__:null,...i};return Ze(c,tt)?{url:r,init:n,headers:c}:void 0
})(t,c):void 0;if(u&&g(u.url))return b(u,void 0,a,void 0);let f;try{f=new i(t,c)}catch(e){return Promise.reject(e)}
if(q(I(f),"authorization")||!g(A(f)))return d(f);const h=Ct(c)?a:{...a,isRejected:()=>!1};return b(void 0,{request:f,
replayBody:Fe(f,c?.body)},h,Lt(f,t,c))},async getAccessToken(e){await t.requestToken(e),p();const n=r.accessToken()
;if(!n)throw c("TOKEN_IN_COOKIE");return n},rejectAll(e){h||="DISPOSED"===e;for(const t of u)t(c(e))}}}({settings:r,
client:e,tokens:b,sender:rt(b,r.server.api,m,p),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),
onStepUp:e.onStepUp},log:n,createError(e){return new Zt(e)}}),N={client(){return e},settings:r,tokens:b,users:y,
requests:De({settings:r,tokens:b,idempotencyKey(){return(e=>{
const t=at(e,"idempotency-key"),r=it(t)?t:e.idempotencyKey||ct();return yt(e,r),r})(a)},prover:m,cookies:p,remembered:h
}),remembered:h,state:a,lock:T,crossTab:O,log:n,rejectCalls:S.rejectAll};return Object.freeze({...At(N),settings:{
name:r.name,transport:r.transport},sendAuthRequest(e,t,r){return(async({settings:e,requests:t,state:r,log:n},s,o,i)=>{
const c=(t,r=!1)=>{const n=`${(({server:e,endpoints:t},r,n)=>{const s=e.calls[n?.call??r]
;return`${s?.method??"POST"} ${s?.url??t[r]}`})(e,s,o)}: ${t}`;return r||Pt(n),n};try{
const a=await t.send(s,o,i),{status:l,code:u="",message:d,found:f,retryAfterMs:h,isPage:p,body:y}=a,b=l>=200&&l<300,g=((e,{status:t,code:r="",message:n="",isPage:s,isRefusal:o,isStep:i},{over:c,notOver:a})=>{
const l=k(`${r} ${n}`);if("refresh"===e){if($t(a,t,l))return"request-fault";if($t(c,t,l))return"over"}
return i?"step-required":w(St,r)?St[r]:w(St,n)?St[n]:!(s||Rt(k(r),It)||Rt(l,Nt))||s&&"login"===e?"login"===e?Rt(l,Et)?"bad-credentials":void 0:o?"refused":void 0:"request-fault"
})(s,a,e.server),m=Dt.includes(l)&&!p&&"request-fault"!==g;if((a.token||m)&&(e=>{null===at(e,"asked")&&lt(e,"asked","1")
})(r),(({token:e,expiresIn:t,jwtLifetime:r},n)=>{e&&Math.abs(t-r)>1&&n("warn","lifetimes-differ",{expiresIn:t,
jwtLifetime:r})})(a,n),n(b?"debug":"warn","auth-request",{endpoint:s,status:l,code:u.slice(0,40),retryAfterMs:h}),
b&&("logout"===s||"logoutAll"===s||a.token))return{response:a,details:""}
;const v=404===l||405===l?` (wrong options.baseUrl or options.endpoints.${s}, or no proxy?)`:b?(({server:e},t,r)=>`; expected the member ${e.calls[t]?.answer.access?.join(" or ")} (options.fields), found ${r}`)(e,o?.call??s,p?"a page of HTML (no proxy?)":f):""
;return{response:a,stated:g,
details:c(`status ${l}${"step-required"===g?"":v}${d?`; the server says: ${d}`:""}`,"refresh"===s&&401===l||!e.server.calls[s]||"step-required"===g),
body:y}}catch(e){const t=e instanceof xe;return n("warn","auth-request",{endpoint:s,
failed:t?"options.authHeaders":e?.name}),t&&X(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",
details:c("options.authHeaders failed",!0)}:{failure:"network-error",
details:"AbortError"===e?.name?"":c("no response: offline, server down, or CORS")}}})(N,e,t,r).then(cr)},
wrongArgument(e){return(({json:e,call:t="login",isAnswer:r},{calls:n})=>{if(r)return;const s=w(n,t)?n[t]:void 0
;return!s||["refresh","logout","logoutAll"].includes(t)?"call":s.isForm&&!(e=>"{"===e[0]&&Object.values(JSON.parse(e)).every(e=>"string"==typeof e))(e)?"credentials":void 0
})(e,r.server)},abortAuthRequest:N.requests.abort,fetch(e,t){return S.fetch(e,t)},user(){return Qt(b.profile().user)},
jwtPayload(){return ue(b.accessToken())},
getAccessToken:r.exposeToken?S.getAccessToken:()=>Promise.reject(new Zt("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
T.close(),O.close(),S.rejectAll("DISPOSED")}})}var ur=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(s=>s.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(s=>s.send(e,t,r,n))}}
;export{Zt as CallError,sr as createAdoption,nr as createLogin,er as createOptions,lr as createPlatform,tr as storedKeyName};
