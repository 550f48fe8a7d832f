// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},o="document"in globalThis,s=globalThis.document,{Request:i,Headers:a,XMLHttpRequest:c,URL:l,URLSearchParams:u}=globalThis,{fetch:d}=globalThis,{parse:f,stringify:h}=JSON,{getPrototypeOf:p,keys:y,prototype:b}=Object,g=r(String.prototype.indexOf),m=r(String.prototype.lastIndexOf),v=r(String.prototype.slice),k=r(String.prototype.toLowerCase),w=r(Object.prototype.hasOwnProperty),_=n(l?.prototype,"href"),j=n(globalThis.Node?.prototype,"baseURI"),T=i?.prototype,O=n(T,"body"),S=n(T,"credentials"),$=n(T,"headers"),I=n(T,"method"),E=n(T,"referrer"),N=n(T,"referrerPolicy"),A=n(T,"signal"),R=n(T,"url"),x=T&&r(T.clone),P=a?.prototype,D=P&&r(P.set),L=P&&r(P.has),q=(P&&r(P.delete),
c?.prototype),M=q&&r(q.open),C=q&&r(q.send),H=q&&r(q.abort),U=q&&r(q.setRequestHeader),K=q&&r(q.getAllResponseHeaders),B=q&&r(q.addEventListener),z=q&&r(Object.getOwnPropertyDescriptor(q,"withCredentials")?.set),F=n(q,"status"),G=n(q,"responseText"),V=n(q,"responseURL"),J=e=>e.reason??new DOMException("the call was aborted","AbortError"),X=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function W(e,t){return t?new Promise((r,n)=>{
const o=()=>n(J(t))
;t.aborted&&o(),t.addEventListener("abort",o),e.then(r,n).finally(()=>t.removeEventListener("abort",o))}):e}
var Y=globalThis.performance??Date,Z=()=>Y.now();function Q(e){try{return f(e)}catch{return null}}function ee(e,t){
let r=e;for(let e=0;"."!==t&&e<=t.length;){const n=g(t,".",e),o=n<0?t.length:n,s=v(t,e,o)
;if("object"!=typeof r||null===r||!w(r,s))return;r=r[s],e=o+1}return r??void 0}function te(e,t){const r=ee(e,t)
;return"string"==typeof r?r:""}var re=(e,t)=>({__proto__:null,access:e,refresh:"",credentials:void 0,clientId:void 0,
cookies:t,kept:void 0});function ne(e,t){
return"access"===e?t.access:"refresh"===e?t.refresh:"clientId"===e?t.clientId:"credentials"===e?void 0===t.credentials?void 0:f(t.credentials):0===g(e,"cookie:")?((e,t)=>{
const r=`; ${e};`,n=g(r,`; ${t}=`);if(n<0)return;const o=n+t.length+3,s=v(r,o,g(r,";",o));try{
return decodeURIComponent(s)}catch{return s}
})(t.cookies,v(e,7)):void 0===t.credentials?void 0:ee(f(t.credentials),v(e,12))}function oe(e,t){
if("string"==typeof e)return g(e,`{${t}`)>=0;if("object"!=typeof e||null===e)return!1;const r=y(e)
;for(let n=0;n<r.length;n+=1)if(oe(e[r[n]],t))return!0;return!1}function se(e,t){let r="";for(let n=0;;){
const o=g(e,"{",n),s=o<0?-1:g(e,"}",o);if(s<0)return r+v(e,n);const i=ne(v(e,o+1,s),t);if(null==i||""===i)return
;if(0===o&&s===e.length-1)return i;r+=v(e,n,o)+i,n=s+1}}function ie(e,t,r,n){const o=y(e);for(let s=0;s<o.length;s+=1){
const i=o[s],a=n&&L(n,i)?void 0:se(e[i],t);void 0!==a&&r(i,`${a}`)}}var ae=e=>"object"==typeof e&&null!==e?y(e):[]
;function ce(e,t){const r={__proto__:null},n=y(e);for(let o=0;o<n.length;o+=1){
const s=n[o],i=e[s],a="string"==typeof i?se(i,t):"object"==typeof i&&null!==i?ce(i,t):i;if("..."===s){const e=ae(a)
;for(let t=0;t<e.length;t+=1)r[e[t]]=a[e[t]]}else void 0!==a&&(r[s]=a)}return r}function le(e,t,r){
if(null==e)return null;if("{credentials}"===e&&!t)return r.credentials??null
;const n="object"==typeof e?ce(e,r):"string"==typeof e?se(e,r):e
;return void 0===n||"object"==typeof n&&0===ae(n).length&&ae(e).length>0?null:t?new u(n):h(n)}function ue(e){
const t=g(e,"."),r=g(e,".",t+1);return r>t&&t>0?v(e,t+1,r):""}function de(e){try{
const t=atob(ue(e).split("-").join("+").split("_").join("/")),r=Q((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}}
var fe=e=>void 0===e?void 0:`${e}`,he=e=>"string"==typeof e?e:void 0,pe=()=>null;function ye(e,t,r){
for(let n=0;n<e.length;n+=1){const o=e[n],s=0===g(o,"@")?r(k(v(o,1))):ee(t,o);if(null!=s&&""!==s)return s}}
function be(e,t,r,n=pe,o=!1){const s=Q(t),i=((e,t)=>{let r=0;for(;r<e.length&&e[r]<=" ";)r+=1
;return"<"===e[r]||e.length>1e3&&g(k(t("content-type")??""),"html")>=0
})(t,n),a=!1!==(ye(r.step,s,n)??!1),c=null===s&&t.length<16&&g(t,"null")>=0,l=void 0!==ye(r.access??[],s,n)||void 0!==ye(r.refresh,s,n),u="object"==typeof s&&null!==s,d=e&&(c||u&&((e,{access:t,user:r})=>{
if(!1===ee(e,"success"))return!0;const n=t??r;for(let t=0;t<n.length;t+=1)if(ge(e,n[t]))return!0;return!1
})(s,r)),f=!e||a||i||c||d&&!r.access?void 0:((e,t,r,n)=>{const{access:o}=t,s=o?(e=>{const t=g(e," ")
;return t<0?e:v(e,t+1)})(he(ye(o,e,r))??""):"";if(!s&&o&&(!0!==ee(e,"success")||Se(e,8)))return
;const i=ye(t.user,e,r)??null,a=he(ye(t.refresh,e,r))??"",c=(Te(i,s,a,6)?null:i)??(n?de(te(e,"id_token")):null),l=de(s)
;return{accessToken:s,refreshToken:a,type:ee(e,"token_type"),user:c,claims:l,identity:je(t.subject,c,e,l)}
})(s,r,n,o),h=(!e||d)&&!l,p=h?(e=>{for(let t=0;t<me.length;t+=1){const r=ee(e,me[t]);if("string"==typeof r)return r}
const t=ee(e,"error.code")??ee(e,"code");return"number"==typeof t?`${t}`:void 0
})(s):void 0,b=null===s&&!i&&!c&&!e&&t.length<=1e3&&t?t:void 0,m=h?(e=>{for(let t=0;t<ve.length;t+=1){
const r=ke(ee(e,ve[t]),4);if(r)return r}const t=ke(ee(e,"error"),1);if(t||"object"!=typeof e||null===e)return t
;const r=y(e);for(let t=0;t<r.length;t+=1){const n=r[t],o=ee(ee(e,n),"0");if("string"==typeof o)return`${n}: ${o}`}
})(s)??b:void 0;return{code:p,message:m&&v(m,0,200),isRefusal:d||!e&&u&&!(!p&&!m),isPage:i,isStep:a,
body:!u||!a&&e||l?void 0:s,expiresIn:we(r.expiresIn,s,n),
jwtLifetime:Number(ee(f?.claims,"exp"))-Number(ee(f?.claims,"iat")),issued:f,found:e&&!f?Oe(s)||"no JSON object":""}}
function ge(e,t){const r=m(t,"."),n=r>0?ee(e,v(t,0,r)):e,o=v(t,r+1)
;return"object"==typeof n&&null!==n&&w(n,o)&&null===n[o]}
var me=["error.code","errors.0.extensions.code","errors.0.code","error_code","code","__type","error","error.status","error.name"],ve=["error.message","error_description","message","detail","msg","errors","title","non_field_errors"]
;function ke(e,t){if("string"==typeof e)return e;if("object"!=typeof e||null===e||0===t)return
;const r=ee(e,"message")??ee(e,"msg")??ee(e,"detail");if("string"==typeof r)return r;const n=y(e)
;for(let r=0;r<n.length;r+=1){const o=ke(e[n[r]],t-1);if(o)return o}}function we(e,t,r){for(let n=0;n<e.length;n+=1){
const o=e[n],s=g(o," "),i=s<0?"s":v(o,s+1),a=ye([s<0?o:v(o,0,s)],t,r),c=void 0===a?Number.NaN:_e(a,i,Date.parse(r("date")??""))
;if(!Number.isNaN(c))return c}return Number.NaN}function _e(e,t,r){
const n=Number("string"==typeof e?e.trim()||Number.NaN:e)
;return"ms"===t?n/1e3:"at"!==t?n:((Number.isNaN(n)?Date.parse(String(e)):n>1e11?n:1e3*n)-(r||Date.now()))/1e3}
function je(e,t,r,n){if(0===e.length)return((e,t)=>({userId:fe(ee(e,"id")??ee(e,"pk")??ee(e,"user_id")),
sub:fe(ee(e,"sub")??ee(t,"sub")??ee(t,"user_id"))}))(t,n);const o=e=>void 0===e?void 0:fe(ee(t,e)??ee(r,e)??ee(n,e))
;return{userId:o(e[1]),sub:o(e[0])}}function Te(e,t,r,n){if("string"==typeof e)return""!==e&&(e===t||e===r)
;if("object"!=typeof e||null===e)return!1;const o=y(e)
;for(let s=0;s<o.length;s+=1)if(0===n||Te(e[o[s]],t,r,n-1))return!0;return!1}function Oe(e,t=""){
if("object"!=typeof e||null===e)return"";let r="";const n=y(e);for(let o=0;o<n.length&&o<20;o+=1){const s=v(n[o],0,40)
;r+=`${r&&", "}${(t?"":Oe(e[s],`${s}.`))||t+s}`}return r}function Se(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=y(e);for(let n=0;n<r.length;n+=1){const o=k(r[n])
;if(g(o,"token")>=0&&g(o,"csrf")<0&&g(o,"xsrf")<0||Se(e[r[n]],t-1))return!0}return!1}
var $e=e=>"logout"===e||"logoutAll"===e,Ie=({settings:e})=>e.server.calls.login.answer;function Ee(e,t,r,n,o,s){
const{call:i}=t;e.prover?.learnNonce(i?.url??"",o("dpop-nonce"))
;const a=n>=200&&n<300,c=i?.answer??Ie(e),{issued:l,...u}=be(a,s,c,o,"id_token"===e.settings.server.user)
;return Ne(e,t,r,{...u,status:n,retryAfterMs:((e,t)=>{
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0})(o("retry-after"),o("date"))},l)}function Ne(e,t,r,n,o){
const{endpoint:s}=t,{tokens:i,remembered:a,inBody:c}=e,l=ee(r.kept,"user")??i.profile().user
;if(!o||$e(s)||e.settings.refusesUser?.(o.user,t,o.type,l))return{...n,token:0,subject:0,renewable:!1}
;const{refresh:u}=e.settings.server.calls,d="refresh"===s;o.refreshToken=c?o.refreshToken||(d?r.refresh:""):""
;const f=c&&oe(u,"refresh}"),h=!(!u||f&&""===o.refreshToken);d&&!i.currentId()&&(o.user??=ee(r.kept,"user")??null)
;const p=o.user??(d?i.profile().user:null)
;return a&&((e,{accessToken:t,refreshToken:r},n,{expiresIn:o,jwtLifetime:s})=>{
const i=o>0&&!(s<o&&s>0)?o:s,a=i>0?Date.now()+1e3*i:null;Ae(e,r,e.keepsAccess?t:"",a,n)})(e,o,p,n),{...n,
...i.receive(o,d),renewable:h}}function Ae(e,t,r,n,o){e.written=e.remembered?.write(h({__proto__:null,refresh:t,
access:r,until:n,user:o}))}function Re({method:e,url:t,headers:r,setHeaders:n,body:s,withCredentials:i,signal:a},l){
return new Promise((u,d)=>{const f=new c;if(M(f,e,t),z(f,i),r.forEach((e,t)=>{U(f,t,e)}),n((e,t)=>{U(f,e,t)}),
B(f,"loadend",()=>{const e=F(f),r=G(f),n=V(f)!==t,s=K(f);o&&M(f,"POST",t),H(f);try{
e?u(n?l(302,()=>null,""):l(e,e=>((e,t)=>{const r=`\r\n${e}`,n=g(r,`\r\n${t}: `),o=n+t.length+4
;return n<0?null:v(r,o,g(r,"\r\n",o))})(s,e),r)):d(a.reason??new TypeError("no response"))}catch(e){d(e)}}),
a.addEventListener("abort",()=>H(f)),a.aborted)return d(J(a));C(f,s)})}
var xe=class extends Error{},Pe=e=>"function"==typeof e?.then;function De(e){
const{settings:t,tokens:r,remembered:n}=e,{calls:o,api:s}=t.server,i={...e,inBody:"body"===t.transport,usesCookies:oe({
...o,api:s},"cookie:"),keepsAccess:!o.refresh||oe(o.refresh,"access}"),written:void 0};let a=()=>{};return{send(e,s,c){
const l=new AbortController;a=()=>l.abort();const{signal:u}=l;c?.aborted&&l.abort(J(c)),
c?.addEventListener("abort",()=>l.abort(J(c)),{signal:u});const d=o[s?.call??e],f={__proto__:null,endpoint:e,call:d,
signal:u,login:s,access:r.accessToken(),refresh:r.refreshToken($e(e))},h=(({authHeaders:e})=>{const t=e=>{
throw new xe("",{cause:e})};try{const r=e?.()
;return Pe(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}})(t)
;return Pe(h)||i.usesCookies||n||d?.before?(async(e,t,r)=>{
const{endpoint:n,call:o,signal:s}=t,{remembered:i}=e,a=e=>W(Promise.resolve(e),s),c=await a(r)
;o?.before&&await a(Me(e,o.before,s));const l=e.usesCookies?await a(e.cookies()):"";let u=""
;if(i&&"refresh"===n&&(u=await a(i.read())),i&&$e(n)&&(u=await a(i.last())),s.aborted)throw J(s)
;const d=await Ce(e,t,c,l,u),{written:f}=e;return f&&await Promise.race([f,new Promise(e=>setTimeout(e,Le))]),
e.written=void 0,d})(i,f,h):Ce(i,f,h,"","")},abort(){return a()}}}
var Le=2e3,qe=({inBody:e},t,r,n,o=()=>{},s=null,i=new Headers)=>({__proto__:null,method:r,url:n,headers:i,setHeaders:o,
body:s,withCredentials:!e,signal:t}),Me=(e,t,r)=>Re(qe(e,r,"GET",t),()=>{}).catch(()=>{});function Ce(e,t,r,n,o){
const{endpoint:s,call:a,login:c}=t,{prover:l,settings:u}=e,f=Z(),h=o?Q(o):void 0,p={__proto__:null,
access:te(h,"access")||t.access,refresh:te(h,"refresh")||t.refresh,credentials:c?.json,clientId:u.clientId,cookies:n,
kept:h},y=()=>c?.isAnswer?Promise.resolve(Ee(e,t,p,200,pe,c.json)):((e,t,r,n)=>{
const{endpoint:o,call:s,signal:a}=t,{inBody:c}=e,l=!!s&&c&&Ue(s,n)
;if(!s||l&&("refresh"===o||$e(o)&&oe(s,"refresh}")))return Promise.resolve(((e,t,r)=>{
const n=Number(ee(r.kept,"until")??Number.POSITIVE_INFINITY),{endpoint:o}=t,s="refresh"===o&&!e.tokens.currentId()&&n>Date.now(),i=Ie(e),a=s?((e,t)=>{
const r=te(e,"access");if(!r)return;const n=ee(e,"user")??null,o=de(r);return{accessToken:r,refreshToken:"",user:n,
claims:o,identity:je(t.subject,n,null,o)}})(r.kept,i):void 0
;if(!a)return Ee(e,t,r,$e(o)?404:401,pe,'{"code":"NO_REFRESH_TOKEN"}')
;const c=Number.isFinite(n)?(n-Date.now())/1e3:Number.NaN;return Ne(e,t,r,{...be(!1,"",i),expiresIn:c,status:200,
retryAfterMs:0},a)})(e,t,n))
;const u=le(s.body,s.isForm,n),f="refresh"===o&&e.settings.idempotencyKey&&e.idempotencyKey()
;return f&&r.set("idempotency-key",f),He(r,s,u),$e(o)?(async(e,t,r,n,o,s)=>{let a=n;const c=async(n,s)=>{
const c=(({method:e,url:t},r,n,o,s)=>new i(t,{__proto__:null,method:e,headers:r,body:n,credentials:o?"omit":"include",
cache:"no-store",redirect:"error",keepalive:!0,signal:s}))(r,o,s,e.inBody,t.signal),l=(e,t)=>D($(c),e,t)
;ie(r.headers,a,l,o),ie(n,a,l);const u=await d(c),f=await u.text();return Ee(e,t,a,u.status,e=>u.headers.get(e),f)
},{authorizeOn401:l}=r,u=l?{authorization:l}:{};let f=await c({},s);401===f.status&&a.access&&l&&(f=await c(u,s))
;const h=!a.access&&oe(r,"access}");return 401===f.status||h&&403===f.status?(await(async(e,{signal:t},r,n,o)=>{
const s=e.settings.server.calls.refresh;if(!s||e.inBody&&Ue(s,r))return;const{answer:i}=s,a=new Headers(n)
;a.delete("content-type");const c=le(s.body,s.isForm,r);He(a,s,c)
;const l=qe(e,t,s.method,s.url,e=>ie(s.headers,r,e,n),c,a);await Re(l,(e,t,n)=>{const{issued:s}=be(e<300,n,i,t)
;if(!s)return;const{accessToken:a,refreshToken:c}=s;o({...r,__proto__:null,access:a,refresh:c||r.refresh})
}).catch(()=>{})})(e,t,a,o,e=>{a=e}),a===n?f:(e.usesCookies&&(a={...a,__proto__:null,cookies:await e.cookies()}),
c(u,le(r.body,r.isForm,a)))):f
})(e,t,s,n,r,u):Re(qe(e,a,s.method,s.url,e=>ie(s.headers,n,e,r),u,r),(r,o,s)=>Ee(e,t,n,r,o,s))
})(e,t,r,p),b=l&&"logout"!==s&&a?l.sendAuthRequest(r,a,$e(s)?p.access:"",y):y()
;return u.server.user?b.then(t=>(async(e,t,r,n)=>{
const{token:o}=t,{tokens:s,settings:i,prover:a}=e,{user:c,api:l}=i.server,u=r+.8*i.timeoutMs-Z()
;if(!o||!c||"id_token"===c||!s.needsUser(o)||u<=0)return t;const{signal:d,abort:f}=(e=>{
const t=new AbortController,r=setTimeout(()=>t.abort(),e);return{signal:t.signal,abort(){clearTimeout(r),t.abort()}}
})(u),h=re(s.received(o),n),p=new Headers,y=qe(e,d,"GET",c,e=>ie(l,h,e),null,p);let{subject:b}=t
;const g=()=>Re(y,(r,n,i)=>(r>=200&&r<300&&(b=s.describe(o,i,Ie(e))),t))
;return await(a&&h.access?a.sendAuthRequest(p,y,h.access,g):g()).catch(()=>{}),f(),
e.remembered&&s.userOf(o)&&await(async(e,t)=>{const{remembered:r,tokens:n}=e,o=Q(await(r?.read())||"null")
;o&&Ae(e,ee(o,"refresh"),ee(o,"access"),ee(o,"until"),n.userOf(t))})(e,o),{...t,subject:b}})(e,t,f,n)):b}
function He(e,t,r){const n=L(e,"content-type")||w(t.headers,"content-type")
;"string"!=typeof r||n||e.set("content-type","application/json")}
var Ue=(e,{refresh:t,access:r})=>oe(e,"refresh}")?!t:oe(e,"access}")&&!r,Ke=class{};function Be(e){const t=new Ke
;for(const r in e)t[r]=e[r];return t}function ze(e){const t=/^(\S+ )\{access\}$/.exec(e.authorization??"")?.[1]
;return 1===Object.keys(e).length?t:void 0}function Fe(e,t){
return null===O(e)||/^(GET|HEAD)$/.test(I(e))?null:"string"==typeof t?t:((e,t)=>{if("ReadableStream"===(r=t,
Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return;var r;const n=x(e)
;if(null!=t)return n;try{return new i(x(n),Je),n}catch{return void O(n)?.cancel().catch(()=>{})}})(e,t)}
function Ge({request:e,replayBody:t}){if(null===t)return new i(e);if("string"!=typeof t)return t&&x(t)
;const r=E(e),n=N(e);return new i(e,{__proto__:null,body:t,referrer:r,referrerPolicy:n})}
Object.setPrototypeOf(Ke.prototype,null),Reflect.deleteProperty(Ke.prototype,"constructor"),Object.freeze(Ke.prototype)
;var Ve,Je={__proto__:null,method:"POST",mode:"no-cors",cache:"default",integrity:""},Xe=Object.freeze({__proto__:null
}),We="",Ye=/^https?:\/\/[\w.:-]+(\/([\w~@:-][\w.~@:-]*)?)+(\?[\w.~@:=&+%-]*)?$/;function Ze(e){
if("object"!=typeof e||null===e)return!1;const t=p(e);return null===t||t===b}function Qe(e,t){const r=y(e)
;for(let n=0;n<r.length;n+=1){const o=r[n];if("string"!=typeof e[o]||!t(o))return!1}return!0}
var et=e=>"method"===e||"body"===e||"credentials"===e||"mode"===e||"cache"===e||"redirect"===e,tt=e=>"authorization"!==k(e)
;function rt(e,t,r,n){const o=((e,t,r,n)=>{const o=(e=>{const t=ze(e);return t?(e,r)=>{r&&D($(e),"authorization",t+r)
}:(t,r,n)=>ie(e,re(r,n),(e,r)=>D($(t),e,r))})(t),s=(t,n,s)=>{
if(r&&e.accessToken())return r.send(t,()=>Ge(n),e,t=>o(t,e.accessToken(),s))
;const a=e.accessToken()||"same-origin"!==S(t)?t:new i(t,{__proto__:null,credentials:"include"})
;return o(a,e.accessToken(),s),d(a)};return(e=>oe(e,"cookie:"))(t)?async(t,r)=>{const o=e.generation(),i=await n()
;if(e.generation()!==o)throw new TypeError("the session in which this call was made has ended");return s(t,r,i)
}:(e,t)=>s(e,t,"")})(e,t,r,n),s=r?void 0:ze(t),a=()=>void 0!==s&&""!==e.accessToken();return{send:o,isSimple:a,
sendSimple(t){if(!a()){const e=(({url:e,init:t,headers:r})=>new i(e,{__proto__:null,...t,headers:r}))(t);return o(e,{
request:e,replayBody:t.init.body??null})}const r=Be(t.headers);r.authorization=s+e.accessToken();const n=Be(t.init)
;return n.headers=r,d(t.url,n)}}}
var nt=/^[\x21-\x7e]{1,128}$/,ot=864e5,st=e=>`tokenward:v1:${e}`,it=e=>"string"==typeof e&&nt.test(e),at=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),ct=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),lt=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function ut(e){const t=Number(ct(e,"not-before")??0)-Date.now();return t>0&&t<=ot?t:0}
var dt=e=>e.unstoredRevocation||"1"===ct(e,"pending-revocation");function ft(e,t,r=!0){e.known=t,
r&&lt(e,"sign-in-key",t),lt(e,"probe-key")}var ht=e=>e.unstoredTokens||(ct(e,"tokens")??"");function pt(e,t=""){
lt(e,"tokens",t);const r=(ct(e,"tokens")??"")===t;e.unstoredTokens=r?"":t,r||lt(e,"tokens")}function yt(e,t){
e.idempotencyKey=t,lt(e,"idempotency-key",t)}var bt={accessToken:"",refreshToken:"",user:null,claims:null,identity:{},
subject:0,isRefresh:!1};function gt(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var mt=e=>({read(t){try{
return globalThis[e].getItem(t)}catch{return}},write(t,r){try{r?globalThis[e].setItem(t,r):globalThis[e].removeItem(t)
}catch{}}}),vt=mt("localStorage"),kt=mt("sessionStorage"),wt=e=>({__proto__:null,...e}),_t=class extends Error{
name="AuthError";code;status;retryable;retryAfterSeconds;body;docs;constructor(e,t,r={}){const n=wt(r)
;super(`${e}: ${t}`,n),this.code=e,this.status=n.status??null,this.retryable=n.retryable??!1,
this.retryAfterSeconds=n.retryAfterSeconds??null,
this.body=n.body,this.docs="https://github.com/tokenward/tokenward/blob/main/docs/reference/errors/"+e+".md"}},jt={
timeout:"timeoutSeconds",renewBefore:"renewBeforeSeconds",minValidity:"minValiditySeconds"
},Tt=(e,t)=>(r,n)=>t(n)?n:Gt(r,e,n),Ot=e=>(t,r)=>{"object"==typeof r&&r&&!Array.isArray(r)||Gt(t,"an object",r)
;const n={__proto__:null};for(const[o,s]of Object.entries(r)){const r=`${t}.${o}`,i=Object.keys(e).includes(o)&&e[o]
;if(!i){const t=Object.keys(jt).includes(o)&&jt[o],n=Object.keys(e).find(e=>e.toLowerCase()===o.toLowerCase())
;Gt(r,t||n||`one of ${Object.keys(e).join(", ")}`,o,t&&`: renamed to ${t}`)}void 0!==s&&(n[o]=i(r,s))}return n
},St=(...e)=>Tt(e.map(e=>"string"==typeof e?`"${e}"`:e).join(" or "),t=>e.includes(t)),$t=(e,t,r=()=>!0)=>Tt(e,e=>{try{
const n=new URL(e,t)
;return("string"==typeof e||e instanceof URL)&&""!==e&&/^https?:$/.test(n.protocol)&&!(n.username||n.password)&&r(n)
}catch{return!1}
}),It=/^[!#$%&'*+.^_`|~\w-]+$/,Et=Tt("a string that is not empty",e=>"string"==typeof e&&""!==e),Nt=$t("a path or an http(s) URL","http://localhost"),At=/^\{(access|refresh|clientId|credentials(\..+)?|cookie:.+)\}$/,Rt=e=>e.match(/\{[^}]*\}/g)??[],xt=Tt("a text whose placeholders are {access}, {refresh}, {credentials}, {credentials.NAME}, {clientId} or {cookie:NAME}",e=>"string"==typeof e&&Rt(e).every(e=>At.test(e))),Pt=(e,t)=>(Nt(e,t),
Rt(String(t)).every(e=>"{clientId}"===e)?t:Gt(e,"a path with no placeholder but {clientId}",t)),Dt=e=>(t,r)=>Ot(Object.fromEntries(Object.keys(Object(r)).map(t=>[t,e])))(t,r),Lt=(e,t)=>{
for(const r of Object.keys(Object(t)))It.test(r)||Gt(e,"names of HTTP headers",r);return Dt(xt)(e,t)
},qt=(e,t)=>"string"==typeof t?xt(e,t):"object"==typeof t&&t?Dt(qt)(e,t):null===t||"boolean"==typeof t||Number.isFinite(t)?t:void Gt(e,"a text, a number, a boolean, null or an object",t),Mt=e=>(t,r)=>null===r?null:e(t,r),Ct=(e,t)=>Array.isArray(t)?t.map((t,r)=>Et(`${e}[${r}]`,t)):Gt(e,"an array of texts",t),Ht=Mt((e,t)=>Array.isArray(t)?Ct(e,t):Et(e,t)),Ut=Ot({
access:Ht,refresh:Ht,expiresIn(e,t){const r=Ht(e,t),n=[r].flat().find(e=>!/^(\S+( (s|ms|at))?|null)$/.test(String(e)))
;return void 0===n?r:Gt(e,"a place, which the unit s, ms or at may follow",n)},user:Ht,subject:Ht,step:Ht}),Kt=Ot({
path:Pt,method:Tt('an HTTP method, such as "POST"',e=>"string"==typeof e&&/^[A-Z]+$/.test(e)),as:St("json","form"),
body:qt,headers:Lt,before:Pt,answer:Ut}),Bt=(e,t)=>{
const r=Kt(e,t),{as:n,body:o,method:s}=r,i="form"===n&&Object.entries(Object(o)).find(([,e])=>"object"==typeof e&&e)
;return i&&Gt(`${e}.body.${i[0]}`,"a text, a number or a boolean in a form",i[1]),
o&&/^(GET|HEAD)$/.test(s??"")&&Gt(`${e}.body`,`none with ${s}`,o),r},zt=["login","refresh","logout","logoutAll"],Ft=Ot({
login:Bt,refresh:Mt(Bt),logout:Mt(Bt),logoutAll:Mt(Bt),calls(e,t){const r=Dt(Bt)(e,t)
;for(const t of Object.keys(r))zt.includes(t)&&Gt(`${e}.${t}`,`a name that is not one of ${zt.join(", ")}`,t);return r},
api:Lt,answer:Ut,user(e,t){return"id_token"===t?t:Pt(e,t)},over:Ct,notOver:Ct});function Gt(...e){
throw new _t("INVALID_OPTIONS",((e,t,r,n="")=>`${e}: expected ${t}, got ${("string"==typeof r?JSON.stringify(r):"object"==typeof r&&r?"an "+(Array.isArray(r)?"array":"object"):String(r)).slice(0,80)}${n||""}`)(...e))
}
var Vt=(e,t=e=>e)=>Object.fromEntries(Object.entries(e).map(([e,r])=>[e.toLowerCase(),t(r)])),Jt=(e,t="")=>Vt(e,e=>e.split("{clientId}").join(t)),Xt=e=>"string"==typeof e?[e]:e??[]
;function Wt(e,{access:t,...r}){const n={...e};for(const[e,t]of Object.entries(r))n[e]=Xt(t)
;return void 0!==t&&(n.access=null===t?null:Xt(t)),n}var Yt={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},Zt=["invalid_client","unauthorized_client","invalid_request","unsupported_","invalid_scope","malformed"],Qt=["csrf","xsrf","rate limit","rate_limit","ratelimit","throttle","too many","too_many"],er=["credential","password","invalid_grant","invalid grant","invalid_login","invalid login","invalid user","invalid_user","invalid email","invalid_email","user not found","user_not_found","email not found","email_not_found","account not found","account_not_found"]
;function tr(e,t){for(let r=0;r<t.length;r+=1)if(g(e,t[r])>=0)return!0;return!1}function rr(e,t,r){
for(let n=0;n<e.length;n+=1){const o=k(e[n]),s=v(o,3,4),i=(""===s||" "===s)&&Number(v(o,0,3))||0,a=v(o,i?4:0)
;if((!i||i===t)&&g(r,a)>=0)return!0}return!1}function nr(e){
const{client:t,tokens:r,users:n,state:o,lock:s,crossTab:i,log:a,remembered:c}=e,l=(e,r,n=0)=>{
a(e?"warn":"debug","lock-requested",{steal:e}),s.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
a("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=ct(e,"sign-in-key")
;return null!==t||e.known||null!==ct(e,"asked")||dt(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(o)},isRevocationPending(){return dt(o)},notBeforeWait(){return ut(o)},storeNewKey(){return(e=>{ft(e,at()),yt(e,at())
})(o)},adoptStoredKey(){return(e=>{const t=ct(e,"sign-in-key"),r=it(t)?t:e.known||at();ft(e,r,t!==r)})(o)},
useProbeKey(){return(e=>{const t=ct(e,"probe-key");e.known||=it(t)?t:at(),lt(e,"probe-key",e.known)})(o)},removeKey(){
(e=>{const t=ct(e,"sign-in-key"),r=t&&t!==e.known;return ft(e,void 0,!r),!r&&(yt(e,void 0),
e.lastTokens=ht(e)||e.lastTokens,pt(e),!0)})(o)&&c?.end()},replaceIdempotencyKey(){return(e=>{
const t=ct(e,"idempotency-key");t&&t!==e.idempotencyKey||yt(e,at())})(o)},storePendingRevocation(){return(e=>{
lt(e,"pending-revocation","1"),e.unstoredRevocation="1"!==ct(e,"pending-revocation")})(o)},clearPendingRevocation(){
(e=>{lt(e,"pending-revocation"),e.unstoredRevocation=!1,e.lastTokens=""})(o),r.forgetRevoked()},storeNotBefore(e){
return((e,t)=>lt(e,"not-before",String(Date.now()+Math.min(Math.max(t,ut(e)),ot))))(o,e)},clearNotBefore(){
return(e=>lt(e,"not-before"))(o)},requestLock(e){return l(!1,e)},requestSettledLock(e){return l(!1,e,250)},stealLock(e){
return l(!0,e)},releaseLock:s.release,broadcast(e,t,r,o,s){const a="refresh-failed"===e?{waitMs:Math.min(o,ot),
failures:s}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...a})}}}
var or=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??"")
;function sr(e){or&&console.warn(`tokenward: ${e}`)}var ir=[400,401,403,419,422,440,498]
;var ar=({simple:e,replayable:t})=>e?.url??R(t.request),cr=({simple:e,replayable:t})=>e?e.init.method??"GET":I(t.request),lr=(e,t,r)=>r?.signal||"object"==typeof t?A(e):void 0,ur=e=>!e||!1!==wt(wt(e).auth).retry
;function dr({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var fr=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],hr=["no-session","logout","expired","revoked","token-reused","other-tab","restore-failed"],pr=(e,t)=>"number"==typeof t&&t>=0&&t<=e,yr=[250,2e3]
;function br(e,t,r,n,o){let s=!1;const i=(e,t)=>{if(s)return;const a=((e,t)=>{const r=ct(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:c,waitMs:l=0}=e,u="refresh-failed"===c&&(e=>void 0!==ct(e,"sign-in-key"))(r)?ut(r):l,d="signed-in"===c&&"stale"===a,f="signed-out"===c&&"same"===a&&(e=>!!e.known&&ct(e,"sign-in-key")===e.known)(r)||l>0&&0===u,h=yr[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||o(wt({...e,waitMs:Math.min(l,u)}),a)},a=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=wt(e),{v:r,type:n,key:o="-",userId:s="",sub:i="",reason:a,waitMs:c=0,failures:l=0}=t
;return 1===r&&fr.includes(n)&&it(o)&&"string"==typeof s&&"string"==typeof i&&("signed-out"!==n||hr.includes(a))&&pr(ot,c)&&pr(65535,l)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;a&&n(()=>a.postMessage(t))},close(){s=!0,a?.close()}}}var gr={login:"/auth/login",refresh:"/auth/refresh",
logout:"/auth/logout",logoutAll:"/auth/logout-all"},mr={login:"/oauth/token",refresh:"/oauth/token",
logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},vr={accessToken:"accessToken",refreshToken:"refreshToken",
expiresIn:"expiresIn",user:"user"},kr={accessToken:"access_token",refreshToken:"refresh_token",expiresIn:"expires_in",
user:"user"};function wr(e){const t=(()=>{const e=globalThis.location?.origin
;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,{start:o,end:s,...i}=wt(e.endpoints),a={
...n?mr:gr,...i
},c=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:l,dpop:u=!1,renewBeforeSeconds:d=60,timeoutSeconds:f=10}=e,{tokenScheme:h=(u?"DPoP":"Bearer"),clientId:p,remember:y="memory"}=e,b=wt(e.server),{refresh:g}=b,m=e.transport??(n||oe(g,"refresh}")||null===g&&null!==wt(b.answer).access?"body":"cookie"),v=((e,t,r)=>{
const{inBody:n,oauth2:o,tokenScheme:s,clientId:i,fields:a}=t,c=Wt({access:[a.accessToken],refresh:[a.refreshToken],
expiresIn:[a.expiresIn],user:[a.user],subject:[],step:[]},wt(e.answer)),l=`${s} {access}`,u=(e,t,n,s)=>{
const i=wt(s),{method:a="POST"}=i;return wt({method:a,url:r(i.path??t),isForm:"form"===(i.as??(o?"form":"json")),
body:void 0===i.body&&"GET"!==a?n:i.body,headers:i.headers?Vt(i.headers):"logoutAll"===e?{authorization:l}:{},
before:i.before&&r(i.before),answer:i.answer?Wt(c,wt(i.answer)):c,authorizeOn401:"logout"!==e||o||i.headers?"":l})
},d=n?{[a.refreshToken.replace(/.*\./,"")]:"{refresh}"}:void 0,f={token:"{refresh}",token_type_hint:"refresh_token",
client_id:"{clientId}"},h={login:o?{grant_type:"password","...":"{credentials}",client_id:"{clientId}"}:"{credentials}",
refresh:o?{grant_type:"refresh_token",refresh_token:"{refresh}",client_id:"{clientId}"}:d,logout:o?f:d,logoutAll:o?f:d
},p={};for(const[t,r]of Object.entries(e.calls??{}))p[t]=u(t,`/${t}`,"{credentials}",r)
;for(const[r,n]of Object.entries(t.endpoints)){const t=e[r];p[r]=null===t?void 0:u(r,n,h[r],t)}return{calls:p,api:{
...e.api?Jt(e.api,i):{authorization:l}},user:void 0===e.user||"id_token"===e.user?e.user:r(e.user),over:e.over??[],
notOver:e.notOver??[]}})(b,{endpoints:a,inBody:"body"===m,oauth2:n,tokenScheme:h,clientId:p,fields:{...n?kr:vr,
...e.fields}
},e=>_r(`${e}`.split("{clientId}").join(encodeURIComponent(p??"")),r)),k=Object.keys(a).map(e=>[e,v.calls[e]?.url??_r(a[e],r)]),w=Object.fromEntries(k)
;return{idempotencyKey:new URL(w.refresh).origin===t,restore:"auto",crossTab:!0,
name:w.refresh===`${t}${gr.refresh}`?"default":w.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,clientId:p,transport:m,remember:y,sharesSession:"cookie"===m||"memory"!==y&&"tab"!==y,tokenScheme:h,
dpop:u,server:v,endpoints:w,origins:[...new Set(c)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof l?l:l&&(()=>l),renewBeforeMs:1e3*d,timeoutMs:1e3*f}}function _r(e,t){
const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function jr(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))jr(t)}return e}
var Tr=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},Or=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}});function Sr(e,t){try{return void(e.server=Ft("server","string"==typeof t?Q(t):t))}catch(e){
return/^\w+: (.*?): expected (.*), got (.*)$/s.exec(e.message)?.slice(1)}}function $r(e){
const{name:t,sharesSession:r,remember:n}=wr(e);return r||"memory"!==n?t:void 0}var Ir=(e,t,r)=>({__proto__:null,json:e,
call:t,isAnswer:r}),Er=(e,t)=>Ir(e,t,!1),Nr=e=>Ir(e,void 0,!0),Ar={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,
jwtLifetime:Number.NaN,subject:0,renewable:!1},Rr={storage:vt,tabStorage:kt}
;function xr({response:e,stated:t,failure:r,details:n,body:o}){
const{status:s,retryAfterMs:i,token:a,subject:c,renewable:l,expiresIn:u,jwtLifetime:d}=e??Ar;return{status:s,
retryAfterMs:i,token:a,subject:c,renewable:l,expiresIn:u,jwtLifetime:d,...r&&{failure:r},details:n,
body:void 0===o?"":h(o),code:t}}var Pr=e=>e();function Dr(e,t){const r=wr(e),n=(e=>{const t=[],r=r=>{
Object.freeze(r.detail),t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&X(()=>e(r))}
;return Object.assign((e,t,n)=>r({at:Date.now(),level:e,event:t,...n&&{detail:n}}),{add:r,
entries:()=>Object.freeze([...t])})})(r.onLog),a=r.sharesSession&&r.crossTab,c=(u=r.name,
f=(({sharesSession:e,remember:t},{storage:r,tabStorage:n})=>e?r:"tab"===t?n:void 0)(r,Rr),{prefix:st(u),store:f,
known:void 0,idempotencyKey:void 0,lastTokens:"",unstoredTokens:"",unstoredRevocation:!1});var u,f;const h=((e,t)=>{
if("memory"!==e)return"object"==typeof e?(e=>{let t=Promise.resolve();async function r(e){const r=t;let n=()=>{}
;t=new Promise(e=>{n=e}),await r;try{return await e()}catch{return}finally{n()}}let n="",o="";const s=async()=>{
const t=await r(()=>e.get());return n||(t??"")};return{read:s,async write(t){n=t,await r(async()=>{await e.set(t),
n===t&&(n="")})},last:()=>o,end(){o=s(),r(()=>(n="",e.remove()))}}})(e):{read:()=>ht(t),write:e=>pt(t,e),
last:()=>t.lastTokens,end(){}}})(r.remember,c),p=()=>document.cookie,y=(()=>{const e=[];return{numberOf(t,r,n){
const{userId:o,sub:s}=t;if(void 0===o&&void 0===s)return 0;const i=e[r-1],a=i&&gt(i,t)
;let c=a?r:e.findIndex(e=>gt(e,t))+1;if(n&&c)return c;if(!c&&i&&void 0===a){if(n)return 0;c=r}c||=e.push({})
;const{userId:l=o,sub:u=s}=e[c-1];return e[c-1]={userId:l,sub:u},c},identityOf:t=>e[t-1]}})(),b=((e,t)=>{let r={
__proto__:null},n=0,o=0,s=bt,i=0,a=0,c="",l=0,u=0;return{receive(e,o){n+=1;const s=t.numberOf(e.identity,o?i:0)
;return r[n]={...e,isRefresh:o,subject:s},{token:n,subject:s}},needsUser(e){
const t=r[e],n=t?.isRefresh&&t.subject>0&&t.subject===s.subject;return!(!t||null!==t.user||n&&null!==s.user)},
received:e=>r[e]?.accessToken??"",userOf:e=>r[e]?.user??null,describe(e,n,o){const s=r[e];if(!s)return 0
;const a=Q(n),c=((e,{user:t})=>{const r=ee(e,"data");return ye(t,e,pe)??("object"==typeof r?r:e)})(a,o)
;s.user=Te(c,s.accessToken,s.refreshToken,6)?null:c;const{userId:l,sub:u}=je(o.subject,s.user,a,s.claims)
;return s.identity={userId:l??s.identity.userId,sub:u??s.identity.sub},s.subject=t.numberOf(s.identity,s.isRefresh?i:0),
s.subject},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:c,subject:l}=s,u=n.isRefresh&&(n.subject||l)===(l||n.subject);s=u?{...n,
refreshToken:n.refreshToken||t,user:n.user??c,subject:n.subject||l}:n,i=s.subject,u||(a+=1),o=e}l=Z()+t,u=Date.now()+t},
block(){l=0},clear(){c=s.refreshToken||c,o=0,a+=1,s=bt,l=0,r={__proto__:null}},discard(e){delete r[e]},forgetRevoked(){
c=""},currentId:()=>o,subject:()=>i,profile:()=>({user:s.user,claims:s.claims}),isFresh:()=>Z()<l&&Date.now()<u,
allows(t){for(let r=0;r<e.length;r+=1)if(0===g(t,e[r]))return!0;return!1},generation:()=>a,
accessToken:()=>s.accessToken,refreshToken:e=>s.refreshToken||(e?c:"")}})(r.origins,y),m=t&&new Lr(t),T=((e,t,r)=>{
const n=t?globalThis.navigator?.locks:void 0;let o=()=>{};return{request(t,s,i){o()
;const a=new AbortController,{signal:c}=a,l=()=>r(()=>c.aborted||i()),u=()=>s>0?setTimeout(l,s):l()
;if(!n)return o=()=>a.abort(),X(u);const d=new Promise(e=>{o=()=>{a.abort(),e()}});n.request(e,wt(t?{steal:t}:{signal:c
}),()=>(u(),d)).catch(({name:e})=>"AbortError"===e||u())},release:()=>r(o),close:()=>o()}
})(c.prefix,a,Pr),O=br(c.prefix,a,c,Pr,(t,r)=>{const{type:o,reason:s,waitMs:i=0,failures:a=0}=t
;n("debug","message-received",{type:o,relation:r,waitMs:i,failures:a});const c=y.numberOf(t,b.subject(),!0)
;e.messageReceived(r,o,c,s,i,a)}),S=function(e){
const{client:t,tokens:r,sender:n,createError:a}=e,c=new Set((({calls:e})=>Object.values(e).flatMap(e=>e&&"GET"!==e.method?[e.url]:[]))(e.settings.server)),u=new Set,f=((e,t,r)=>{
const{client:n,tokens:o,sender:s,log:i,createError:a}=e,c=(()=>{let e=0,t=0;const r=[];return async n=>{
e<128?e+=1:await new Promise(e=>r.push(e));try{return await n()}finally{const n=r[t];t+=1,n?n():(e-=1,t=r.length=0)}}
})();let l=0;return async(e,u,d,f)=>{if(!0!==f&&!await f)return d;const h=ar(e),p=(e=>{let t=2166136261
;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0})(h)
;u!==l&&i("info","call-rejected",{status:d.status,token:u}),l=u
;const y=await W(n.tokenRejected(u,p),e.signal)?(({simple:e,replayable:t},r)=>{if(e)return()=>r.sendSimple(e)
;const n=Ge(t);return n&&(()=>r.send(n,t))})(e,s):void 0;if(!y)return d;d.body?.cancel().catch(()=>{})
;const b=o.generation();let g=0;const m=await W(c(()=>{if(!t.has(e.reject)||o.generation()!==b)throw a("SESSION_ENDED")
;return g=r(),y()}),e.signal)
;return!dr(e,m)&&await e.handler.isRejected(m)&&(sr(`${cr(e)} ${h}: status ${m.status} with a new token too. If it is not about the token, pass auth: {retry: false}`),
await n.retryRejected(g,p)),m}})(e,u,p);let h=!1;function p(){const e=r.currentId()
;if(0===e)throw a(h?"DISPOSED":"SESSION_ENDED");return e}function y(e){const t=p()
;(({simple:e,replayable:t})=>e?n.sendSimple(e):n.send(t.request,t))(e).then(r=>{try{
const n=!dr(e,r)&&e.handler.isRejected(r);!1===n?e.resolve(r):f(e,t,r,n).then(e.resolve,e.reject)}catch(t){e.reject(t)}
},e.reject)}function b(e,n,o,s){return new Promise((i,a)=>{const c={simple:e,replayable:n,handler:o,signal:s,resolve(e){
u.delete(c.reject),i(e)},reject(e){u.delete(c.reject),a(e)}};(e=>{if(u.add(e.reject),r.isFresh())return y(e)
;W(t.requestToken(0),e.signal).then(()=>y(e)).catch(e.reject)})(c)})}const g=e=>r.allows(e)&&!c.has(e);return{
fetch(t,a,c=e.handler){const u=n.isSimple()&&r.isFresh()?((e,t)=>{if("string"!=typeof e)return;const r=(e=>{try{
const t=o?j(s):globalThis.location?.href;t!==Ve&&(We=v(_(new l("/",t)),0,-1),Ve=t);const r="/"===e[0]&&"/"!==e[1]?We+e:e
;return Ye.test(r)?r:_(new l(e,t))}catch{return}})(e);if(!r)return;if(void 0===t)return{url:r,init:Xe,headers:Xe}
;if(!Ze(t))return;const n={__proto__:null,...t},i=n.headers;if(delete n.headers,!Qe(n,et))return;if(void 0===i)return{
url:r,init:n,headers:Xe};if(!Ze(i))return;const a={__proto__:null,...i};return Qe(a,tt)?{url:r,init:n,headers:a}:void 0
})(t,a):void 0;if(u&&g(u.url))return b(u,void 0,c,void 0);let f;try{f=new i(t,a)}catch(e){return Promise.reject(e)}
if(L($(f),"authorization")||!g(R(f)))return d(f);const h=ur(a)?c:{...c,isRejected:()=>!1};return b(void 0,{request:f,
replayBody:Fe(f,a?.body)},h,lr(f,t,a))},async getAccessToken(e){await t.requestToken(e),p();const n=r.accessToken()
;if(!n)throw a("TOKEN_IN_COOKIE");return n},rejectAll(e){h||="DISPOSED"===e;for(const t of u)t(a(e))}}}({settings:r,
client:e,tokens:b,sender:rt(b,r.server.api,m,p),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),
onStepUp:e.onStepUp},log:n,createError(e){return new Tr(e)}}),I={client(){return e},settings:r,tokens:b,users:y,
requests:De({settings:r,tokens:b,idempotencyKey(){return(e=>{
const t=ct(e,"idempotency-key"),r=it(t)?t:e.idempotencyKey||at();return yt(e,r),r})(c)},prover:m,cookies:p,remembered:h
}),remembered:h,state:c,lock:T,crossTab:O,log:n,rejectCalls:S.rejectAll};return Object.freeze({...nr(I),settings:{
name:r.name,transport:r.transport},sendAuthRequest(e,t,r){return(async({settings:e,requests:t,state:r,log:n},o,s,i)=>{
const a=(t,r=!1)=>{const n=`${(({server:e,endpoints:t},r,n)=>{const o=e.calls[n?.call??r]
;return`${o?.method??"POST"} ${o?.url??t[r]}`})(e,o,s)}: ${t}`;return r||sr(n),n};try{
const c=await t.send(o,s,i),{status:l,code:u="",message:d,found:f,retryAfterMs:h,isPage:p,body:y}=c,b=l>=200&&l<300,g=((e,{status:t,code:r="",message:n="",isPage:o,isRefusal:s,isStep:i},{over:a,notOver:c})=>{
const l=k(`${r} ${n}`);if("refresh"===e){if(rr(c,t,l))return"request-fault";if(rr(a,t,l))return"over"}
return i?"step-required":w(Yt,r)?Yt[r]:w(Yt,n)?Yt[n]:!(o||tr(k(r),Zt)||tr(l,Qt))||o&&"login"===e?"login"===e?tr(l,er)?"bad-credentials":void 0:s?"refused":void 0:"request-fault"
})(o,c,e.server),m=ir.includes(l)&&!p&&"request-fault"!==g;if((c.token||m)&&(e=>{null===ct(e,"asked")&&lt(e,"asked","1")
})(r),(({token:e,expiresIn:t,jwtLifetime:r},n)=>{e&&Math.abs(t-r)>1&&n("warn","lifetimes-differ",{expiresIn:t,
jwtLifetime:r})})(c,n),n(b?"debug":"warn","auth-request",{endpoint:o,status:l,code:u.slice(0,40),retryAfterMs:h}),
b&&("logout"===o||"logoutAll"===o||c.token))return{response:c,details:""}
;const v=404===l||405===l?` (wrong options.baseUrl or options.endpoints.${o}, or no proxy?)`:b?(({server:e},t,r)=>`; expected the member ${e.calls[t]?.answer.access?.join(" or ")} (options.fields), found ${r}`)(e,s?.call??o,p?"a page of HTML (no proxy?)":f):""
;return{response:c,stated:g,
details:a(`status ${l}${"step-required"===g?"":v}${d?`; the server says: ${d}`:""}`,"refresh"===o&&401===l||!e.server.calls[o]||"step-required"===g),
body:y}}catch(e){const t=e instanceof xe;return n("warn","auth-request",{endpoint:o,
failed:t?"options.authHeaders":e?.name}),t&&X(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",
details:a("options.authHeaders failed",!0)}:{failure:"network-error",
details:"AbortError"===e?.name?"":a("no response: offline, server down, or CORS")}}})(I,e,t,r).then(xr)},
wrongArgument(e){return(({json:e,call:t="login",isAnswer:r},{calls:n})=>{if(r)return;const o=w(n,t)?n[t]:void 0
;return!o||["refresh","logout","logoutAll"].includes(t)?"call":o.isForm&&!(e=>"{"===e[0]&&Object.values(JSON.parse(e)).every(e=>"string"==typeof e))(e)?"credentials":void 0
})(e,r.server)},abortAuthRequest:I.requests.abort,fetch(e,t){return S.fetch(e,t)},user(){return jr(b.profile().user)},
jwtPayload(){return ue(b.accessToken())},
getAccessToken:r.exposeToken?S.getAccessToken:()=>Promise.reject(new Tr("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
T.close(),O.close(),S.rejectAll("DISPOSED")}})}var Lr=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(o=>o.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(o=>o.send(e,t,r,n))}}
;export{Tr as CallError,Nr as createAdoption,Er as createLogin,Or as createOptions,Dr as createPlatform,Sr as setServer,$r as storedKeyName};
