// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},s="document"in globalThis,{Request:o,Headers:i,XMLHttpRequest:c,URLSearchParams:a}=globalThis,{fetch:u}=globalThis,{parse:l,stringify:d}=JSON,{keys:f}=Object,h=r(String.prototype.indexOf),p=r(String.prototype.slice),b=r(String.prototype.toLowerCase),g=r(Object.prototype.hasOwnProperty),y=o?.prototype,m=n(y,"body"),k=n(y,"credentials"),v=n(y,"headers"),_=n(y,"method"),w=n(y,"referrer"),j=n(y,"referrerPolicy"),T=n(y,"signal"),O=n(y,"url"),I=y&&r(y.clone),S=i?.prototype,R=S&&r(S.set),N=S&&r(S.has),E=(S&&r(S.delete),
c?.prototype),A=E&&r(E.open),$=E&&r(E.send),x=E&&r(E.abort),P=E&&r(E.setRequestHeader),q=E&&r(E.getAllResponseHeaders),D=E&&r(E.addEventListener),L=E&&r(Object.getOwnPropertyDescriptor(E,"withCredentials")?.set),M=n(E,"status"),C=n(E,"responseText"),H=n(E,"responseURL"),K=e=>e.reason??new DOMException("the call was aborted","AbortError"),z=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function U(e,t){return t?new Promise((r,n)=>{
const s=()=>n(K(t))
;t.aborted&&s(),t.addEventListener("abort",s),e.then(r,n).finally(()=>t.removeEventListener("abort",s))}):e}
function B(e){try{return l(e)}catch{return null}}function F(e,t){let r=e;for(let e=0;"."!==t&&e<=t.length;){
const n=h(t,".",e),s=n<0?t.length:n,o=p(t,e,s);if("object"!=typeof r||null===r||!g(r,o))return;r=r[o],e=s+1}
return r??void 0}function G(e,t){
return"access"===e?t.access:"refresh"===e?t.refresh:"clientId"===e?t.clientId:"credentials"===e?void 0===t.credentials?void 0:l(t.credentials):0===h(e,"cookie:")?((e,t)=>{
const r=`; ${e};`,n=h(r,`; ${t}=`);if(n<0)return;const s=n+t.length+3,o=p(r,s,h(r,";",s));try{
return decodeURIComponent(o)}catch{return o}
})(t.cookies,p(e,7)):void 0===t.credentials?void 0:F(l(t.credentials),p(e,12))}function V(e,t){
if("string"==typeof e)return h(e,`{${t}`)>=0;if("object"!=typeof e||null===e)return!1;const r=f(e)
;for(let n=0;n<r.length;n+=1)if(V(e[r[n]],t))return!0;return!1}function J(e,t){let r="";for(let n=0;;){
const s=h(e,"{",n),o=s<0?-1:h(e,"}",s);if(o<0)return r+p(e,n);const i=G(p(e,s+1,o),t);if(null==i||""===i)return
;if(0===s&&o===e.length-1)return i;r+=p(e,n,s)+i,n=o+1}}function X(e,t,r,n){const s=f(e);for(let o=0;o<s.length;o+=1){
const i=s[o],c=n&&N(n,i)?void 0:J(e[i],t);void 0!==c&&r(i,`${c}`)}}function W(e,t){const r={__proto__:null},n=f(e)
;for(let s=0;s<n.length;s+=1){const o=n[s],i=e[o],c="string"==typeof i?J(i,t):"object"==typeof i&&null!==i?W(i,t):i
;if("..."===o){const e=f(Object(c));for(let t=0;t<e.length;t+=1)r[e[t]]=c[e[t]]}else void 0!==c&&(r[o]=c)}return r}
function Y(e,t,r){if(null==e)return null;if("{credentials}"===e&&!t)return r.credentials??null
;const n="object"==typeof e?W(e,r):J(String(e),r)
;return void 0===n||"object"==typeof n&&null!==n&&0===f(n).length?null:t?new a(n):d(n)}function Q(e){
const t=h(e,"."),r=h(e,".",t+1);return r>t&&t>0?p(e,t+1,r):""}function Z(e){try{
const t=atob(Q(e).split("-").join("+").split("_").join("/")),r=B((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}}
var ee=e=>void 0===e?void 0:String(e),te=e=>"string"==typeof e?e:void 0,re=()=>null;function ne(e,t,r){
for(let n=0;n<e.length;n+=1){const s=e[n],o=0===h(s,"@")?r(p(s,1)):F(t,s);if(null!=o&&""!==o)return o}}
function se(e,t,r,n=re,s=!1){
const o=B(t),i=h(b(n("content-type")??""),"html")>=0||0===h(t,"<"),c=void 0!==ne(r.step,o,n),a="null"===t,u=!e||c||i||a?void 0:((e,t,r,n)=>{
const{access:s}=t,o=s?(e=>{const t=h(e," ");return t<0?e:p(e,t+1)})(te(ne(s,e,r))??""):""
;if(!o&&s&&(!0!==F(e,"success")||he(e,8)))return;if(!s&&"object"==typeof e&&null!==e&&oe(e,t))return
;const i=ne(t.user,e,r)??null??(n?Z(te(F(e,"id_token"))??""):null),c=Z(o);return{accessToken:o,
refreshToken:te(ne(t.refresh,e,r))??"",user:i,claims:c,identity:de(t.subject,i,e,c)}
})(o,r,n,s),l=void 0!==ne(r.access??[],o,n)||void 0!==ne(r.refresh,o,n),d="object"==typeof o&&null!==o,g=(e=>{
for(let t=0;t<ie.length;t+=1){const r=F(e,ie[t]);if("string"==typeof r)return r}})(o),y=(e=>{
for(let t=0;t<ce.length;t+=1){const r=ae(F(e,ce[t]),4);if(r)return r}const t=ae(F(e,"error"),1)
;if(t||"object"!=typeof e||null===e)return t;const r=f(e);for(let t=0;t<r.length;t+=1){const n=r[t],s=F(F(e,n),"0")
;if("string"==typeof s)return`${n}: ${s}`}})(o)??(null===o&&!i&&!a&&t.length<=1e3&&t?t:void 0);return{code:g,
message:y&&p(y,0,200),isRefusal:e?a||d&&oe(o,r):d&&!(!g&&!y),isPage:i,isStep:c,body:!d||!c&&e||l?void 0:o,
expiresIn:ue(r.expiresIn,o,n),jwtLifetime:Number(F(u?.claims,"exp"))-Number(F(u?.claims,"iat")),issued:u,
found:e&&!u?fe(o)||"no JSON object":""}}function oe(e,{access:t,user:r}){if(!1===F(e,"success"))return!0;const n=t??r
;for(let t=0;t<n.length;t+=1){const r=n[t];if(g(e,r)&&null===e[r])return!0}return!1}
var ie=["error.code","errors.0.extensions.code","errors.0.code","error_code","code","__type","error","error.status","error.name"],ce=["error.message","error_description","message","detail","msg","errors","title","non_field_errors"]
;function ae(e,t){if("string"==typeof e)return e;if("object"!=typeof e||null===e||0===t)return
;const r=F(e,"message")??F(e,"msg")??F(e,"detail");if("string"==typeof r)return r;const n=f(e)
;for(let r=0;r<n.length;r+=1){const s=ae(e[n[r]],t-1);if(s)return s}}function ue(e,t,r){for(let n=0;n<e.length;n+=1){
const s=e[n],o=h(s," "),i=o<0?"s":p(s,o+1),c=ne([o<0?s:p(s,0,o)],t,r),a=void 0===c?Number.NaN:le(c,i,Date.parse(r("date")??""))
;if(!Number.isNaN(a))return a}return Number.NaN}function le(e,t,r){
const n=Number("string"==typeof e?e.trim()||Number.NaN:e)
;return"ms"===t?n/1e3:"at"!==t?n:((Number.isNaN(n)?Date.parse(String(e)):n>1e11?n:1e3*n)-(r||Date.now()))/1e3}
function de(e,t,r,n){if(0===e.length)return((e,t)=>({userId:ee(F(e,"id")??F(e,"pk")??F(e,"user_id")),
sub:ee(F(e,"sub")??F(t,"sub")??F(t,"user_id"))}))(t,n);const s=ne(e,t,re)??ne(e,r,re)??ne(e,n,re);return{sub:ee(s)}}
function fe(e,t=""){if("object"!=typeof e||null===e)return"";let r="";const n=f(e);for(let s=0;s<n.length&&s<20;s+=1){
const o=p(n[s],0,40);r+=`${r&&", "}${(t?"":fe(e[o],`${o}.`))||t+o}`}return r}function he(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=f(e);for(let n=0;n<r.length;n+=1){const s=b(r[n])
;if(h(s,"token")>=0&&h(s,"csrf")<0&&h(s,"xsrf")<0||he(e[r[n]],t-1))return!0}return!1}
var pe=()=>null,be=e=>"logout"===e||"logoutAll"===e,ge=({settings:e})=>e.server.calls.login.answer
;function ye(e,{endpoint:t,call:r},n,s,o,i){e.prover?.learnNonce(r?.url??"",o("dpop-nonce"))
;const c=s>=200&&s<300,a=r?.answer??ge(e),{issued:u,...l}=se(c,i,a,o,"id_token"===e.settings.server.user)
;return me(e,t,n,{...l,status:s,retryAfterMs:((e,t)=>{
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0})(o("retry-after"),o("date"))},u)}function me(e,t,r,n,s){if(!s)return{...n,token:0,subject:0,
renewable:!1};const{tokens:o,remembered:i,inBody:c}=e,{refresh:a}=e.settings.server.calls,u="refresh"===t
;s.refreshToken=c?s.refreshToken||(u?r.refresh:""):"";const l=c&&V(a,"refresh}"),f=!(!a||l&&""===s.refreshToken)
;return u&&!o.currentId()&&(s.user??=F(r.kept,"user")??null),
i&&(({remembered:e,keepsAccess:t},{accessToken:r,refreshToken:n,user:s},{expiresIn:o,jwtLifetime:i})=>{
const c=o>0?o:i,a=c>0?Date.now()+1e3*c:null,u=t?r:"";e?.write(d({__proto__:null,refresh:n,access:u,until:a,user:s}))
})(e,s,n),{...n,...o.receive(s,u),renewable:f}}
function ke({method:e,url:t,headers:r,setHeaders:n,body:o,withCredentials:i,signal:a},u){return new Promise((l,d)=>{
const f=new c;A(f,e,t),L(f,i),r.forEach((e,t)=>{P(f,t,e)}),n((e,t)=>{P(f,e,t)}),D(f,"loadend",()=>{
const e=M(f),r=C(f),n=H(f)!==t,o=q(f)
;s&&A(f,"POST",t),x(f),!e||n?d(a.reason??new TypeError("no response")):l(u(e,e=>((e,t)=>{
const r=`\r\n${e}`,n=h(r,`\r\n${t}: `),s=n+t.length+4;return n<0?null:p(r,s,h(r,"\r\n",s))})(o,e),r))});const b=()=>x(f)
;a.addEventListener("abort",b),$(f,o),a.aborted&&b()})}var ve=class extends Error{},_e=e=>"function"==typeof e?.then
;function we(e){const{settings:t,tokens:r,remembered:n}=e,{calls:s,api:o}=t.server,i={...e,inBody:"body"===t.transport,
usesCookies:V({...s,api:o},"cookie:"),keepsAccess:!s.refresh||V(s.refresh,"access}")};let c=()=>{};return{send(e,o,a){
const u=new AbortController;c=()=>u.abort();const{signal:l}=u;a?.aborted&&u.abort(K(a)),
a?.addEventListener("abort",()=>u.abort(K(a)),{signal:l});const d=s[o?.call??e],f={__proto__:null,endpoint:e,call:d,
signal:l,login:o,access:r.accessToken(),refresh:r.refreshToken(be(e))},h=(({authHeaders:e})=>{const t=e=>{
throw new ve("",{cause:e})};try{const r=e?.()
;return _e(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}})(t)
;return _e(h)||i.usesCookies||n||d?.before?(async(e,t,r)=>{
const{endpoint:n,call:s,signal:o}=t,{remembered:i}=e,c=await U(Promise.resolve(r),o)
;s?.before&&await(async({inBody:e},t,r)=>{const n={__proto__:null,method:"GET",url:t,headers:new Headers,setHeaders(){},
body:null,signal:r};await ke({...n,__proto__:null,withCredentials:!e},()=>{}).catch(()=>{})})(e,s.before,o)
;const a=e.usesCookies?await e.cookies():"";let u="";return i&&"refresh"===n&&(u=await i.read()),
i&&be(n)&&(u=await i.last()),je(e,t,c,a,u)})(i,f,h):je(i,f,h,"","")},abort(){return c()}}}function je(e,t,r,n,s){
const{endpoint:i,call:c,login:a,signal:l}=t,{prover:d,settings:f}=e,h=s?B(s):void 0,p={__proto__:null,
access:t.access||Oe(h,"access"),refresh:Oe(h,"refresh")||t.refresh,credentials:a?.json,clientId:f.clientId,cookies:n,
kept:h},b=()=>a?.isAnswer?Promise.resolve(ye(e,t,p,200,pe,a.json)):((e,t,r,n)=>{
const{endpoint:s,call:i,signal:c}=t,{inBody:a}=e;if(!i||a&&"refresh"===s&&Ie(i,n))return Promise.resolve(((e,t,r)=>{
const{endpoint:n}=t,s=Number(F(r.kept,"until")??Number.POSITIVE_INFINITY),o="refresh"===n&&!e.tokens.currentId()&&s>Date.now(),i=ge(e),c=o?((e,t)=>{
const r=te(F(e,"access"))??"";if(!r)return;const n=F(e,"user")??null,s=Z(r);return{accessToken:r,refreshToken:"",user:n,
claims:s,identity:de(t.subject,n,null,s)}})(r.kept,i):void 0
;if(!c)return ye(e,t,r,be(n)?404:401,pe,'{"code":"NO_REFRESH_TOKEN"}')
;const a=Number.isFinite(s)?(s-Date.now())/1e3:Number.NaN;return me(e,n,r,{...se(!1,"",i),expiresIn:a,status:200,
retryAfterMs:0},c)})(e,t,n));const l=Y(i.body,i.isForm,n),d="refresh"===s&&e.settings.idempotencyKey&&e.idempotencyKey()
;return d&&r.set("idempotency-key",d),
"string"!=typeof l||N(r,"content-type")||g(i.headers,"content-type")||r.set("content-type","application/json"),
be(s)?((e,t,r,n,s,i)=>{const c=async c=>{const a=(({method:e,url:t},r,n,s,i)=>new o(t,{__proto__:null,method:e,
headers:r,body:n,credentials:s?"omit":"include",cache:"no-store",redirect:"error",keepalive:!0,signal:i
}))(r,s,i,e.inBody,t.signal),l=(e,t)=>R(v(a),e,t);X(r.headers,n,l,s),X(c,n,l);const d=await u(a),f=await d.text()
;return ye(e,t,n,d.status,e=>d.headers.get(e),f)},{authorizeOn401:a}=r
;return c({}).then(e=>401===e.status&&n.access&&a?c({authorization:a}):e)})(e,t,i,n,r,l):ke({__proto__:null,
method:i.method,url:i.url,headers:r,setHeaders(e){return X(i.headers,n,e,r)},body:l,withCredentials:!a,signal:c
},(r,s,o)=>ye(e,t,n,r,s,o))})(e,t,r,p),y=d&&"logout"!==i&&c?d.sendAuthRequest(r,c.url,be(i)?p.access:"",b):b()
;return f.server.user?y.then(t=>(async(e,t,r,n)=>{
const{token:s}=t,{tokens:o,inBody:i,settings:c}=e,{user:a,api:u}=c.server
;if(!s||"id_token"===a||!o.needsUser(s))return t;const l={...Te,__proto__:null,access:o.received(s),cookies:n},d={
__proto__:null,method:"GET",url:a,headers:new Headers,setHeaders(e){return X(u,l,e)},body:null,withCredentials:!i,
signal:r},f=await ke(d,(t,r,n)=>o.describe(s,t<300?n:"",ge(e))).catch(()=>t.subject);return{...t,subject:f}
})(e,t,l,n)):y}var Te={access:"",refresh:"",credentials:void 0,clientId:void 0,cookies:"",kept:void 0};function Oe(e,t){
const r=F(e,t);return"string"==typeof r?r:""}var Ie=(e,{refresh:t,access:r})=>V(e,"refresh}")?!t:V(e,"access}")&&!r
;function Se(e,t,r,n){const s=(e=>{const t=/^(\S+ )\{access\}$/.exec(e.authorization??"")?.[1]
;return t&&1===Object.keys(e).length?(e,r)=>{r&&R(v(e),"authorization",t+r)}:(t,r,n)=>X(e,{__proto__:null,access:r,
refresh:"",credentials:void 0,clientId:void 0,cookies:n,kept:void 0},(e,r)=>R(v(t),e,r))})(t),i=(t,n,i)=>{
if(r&&e.accessToken())return r.send(t,n,e,t=>s(t,e.accessToken(),i))
;const c=e.accessToken()||"same-origin"!==k(t)?t:new o(t,{__proto__:null,credentials:"include"})
;return s(c,e.accessToken(),i),u(c)};return(e=>V(e,"cookie:"))(t)?async(e,t)=>i(e,t,await n()):(e,t)=>i(e,t,"")}
var Re=/^[\x21-\x7e]{1,128}$/,Ne=864e5,Ee=e=>`tokenward:v1:${e}`,Ae=e=>"string"==typeof e&&Re.test(e),$e=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),xe=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),Pe=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function qe(e){const t=Number(xe(e,"not-before")??0)-Date.now();return t>0&&t<=Ne?t:0}
var De=e=>e.unstoredRevocation||"1"===xe(e,"pending-revocation");function Le(e,t,r=!0){e.known=t,
r&&Pe(e,"sign-in-key",t),Pe(e,"probe-key")}var Me=e=>xe(e,"tokens")??"",Ce=(e,t)=>Pe(e,"tokens",t);function He(e,t){
e.idempotencyKey=t,Pe(e,"idempotency-key",t)}var Ke=globalThis.performance??Date,ze=()=>Ke.now(),Ue={accessToken:"",
refreshToken:"",user:null,claims:null,identity:{},subject:0,isRefresh:!1};function Be(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var Fe=e=>({read(t){try{
return globalThis[e].getItem(t)}catch{return}},write(t,r){try{r?globalThis[e].setItem(t,r):globalThis[e].removeItem(t)
}catch{}}}),Ge=Fe("localStorage"),Ve=Fe("sessionStorage"),Je=e=>({__proto__:null,...e
}),Xe=(e,t="")=>Object.fromEntries(Object.entries(e).map(([e,r])=>[e.toLowerCase(),r.replaceAll("{clientId}",t)])),We=e=>"string"==typeof e?[e]:e??[]
;function Ye(e,{access:t,...r}){const n={...e};for(const[e,t]of Object.entries(r))n[e]=We(t)
;return void 0!==t&&(n.access=null===t?null:We(t)),n}var Qe={__proto__:null,method:"POST",mode:"no-cors",
cache:"default",integrity:""};function Ze({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var et=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],tt=["no-session","logout","expired","revoked","token-reused","other-tab","restore-failed"],rt=(e,t)=>"number"==typeof t&&t>=0&&t<=e,nt=[250,2e3]
;function st(e,t,r,n,s){let o=!1;const i=(e,t)=>{if(o)return;const c=((e,t)=>{const r=xe(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:a,waitMs:u=0}=e,l="refresh-failed"===a&&(e=>void 0!==xe(e,"sign-in-key"))(r)?qe(r):u,d="signed-in"===a&&"stale"===c,f="signed-out"===a&&"same"===c&&(e=>!!e.known&&xe(e,"sign-in-key")===e.known)(r)||u>0&&0===l,h=nt[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||s(Je({...e,waitMs:Math.min(u,l)}),c)},c=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=Je(e),{v:r,type:n,key:s="-",userId:o="",sub:i="",reason:c,waitMs:a=0,failures:u=0}=t
;return 1===r&&et.includes(n)&&Ae(s)&&"string"==typeof o&&"string"==typeof i&&("signed-out"!==n||tt.includes(c))&&rt(Ne,a)&&rt(65535,u)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;c&&n(()=>c.postMessage(t))},close(){o=!0,c?.close()}}}var ot={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},it=["invalid_client","unauthorized_client","invalid_request","unsupported_","invalid_scope","malformed"],ct=["csrf","xsrf","rate limit","rate_limit","ratelimit","throttle","too many","too_many"],at=["credential","password","invalid_grant","invalid grant","invalid_login","invalid login","invalid user","invalid_user","invalid email","invalid_email","user not found","user_not_found","email not found","email_not_found","account not found","account_not_found"]
;function ut(e,t){for(let r=0;r<t.length;r+=1)if(h(e,t[r])>=0)return!0;return!1}function lt(e,t,r){
for(let n=0;n<e.length;n+=1){const s=b(e[n]),o=Number(p(s,0,3)),i=p(s,o?4:0);if((!o||o===t)&&h(r,i)>=0)return!0}return!1
}function dt(e){const{client:t,tokens:r,users:n,state:s,lock:o,crossTab:i,log:c,remembered:a}=e,u=(e,r,n=0)=>{
c(e?"warn":"debug","lock-requested",{steal:e}),o.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
c("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=xe(e,"sign-in-key")
;return null!==t||e.known||null!==xe(e,"asked")||De(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(s)},isRevocationPending(){return De(s)},notBeforeWait(){return qe(s)},storeNewKey(){return(e=>{Le(e,$e()),He(e,$e())
})(s)},adoptStoredKey(){return(e=>{const t=xe(e,"sign-in-key"),r=Ae(t)?t:e.known||$e();Le(e,r,t!==r)})(s)},
useProbeKey(){return(e=>{const t=xe(e,"probe-key");e.known||=Ae(t)?t:$e(),Pe(e,"probe-key",e.known)})(s)},removeKey(){
(e=>{const t=xe(e,"sign-in-key"),r=t&&t!==e.known;Le(e,void 0,!r),r||(He(e,void 0),e.lastTokens=Me(e)||e.lastTokens,
Ce(e))})(s),a?.end()},replaceIdempotencyKey(){return(e=>{const t=xe(e,"idempotency-key")
;t&&t!==e.idempotencyKey||He(e,$e())})(s)},storePendingRevocation(){return(e=>{Pe(e,"pending-revocation","1"),
e.unstoredRevocation="1"!==xe(e,"pending-revocation")})(s)},clearPendingRevocation(){(e=>{Pe(e,"pending-revocation"),
e.unstoredRevocation=!1,e.lastTokens=""})(s),r.forgetRevoked()},storeNotBefore(e){
return((e,t)=>Pe(e,"not-before",String(Date.now()+Math.min(Math.max(t,qe(e)),Ne))))(s,e)},clearNotBefore(){
return(e=>Pe(e,"not-before"))(s)},requestLock(e){return u(!1,e)},requestSettledLock(e){return u(!1,e,250)},stealLock(e){
return u(!0,e)},releaseLock:o.release,broadcast(e,t,r,s,o){const c="refresh-failed"===e?{waitMs:Math.min(s,Ne),
failures:o}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...c})}}}
var ft=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??""),ht=[400,401,403,419,422,440,498],pt={
login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},bt={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},gt={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},yt={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function mt(e){const t=(()=>{
const e=globalThis.location?.origin;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,s={...n?bt:pt,...e.endpoints
},o=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:i,dpop:c=!1,renewBeforeSeconds:a=60,timeoutSeconds:u=10}=e,{tokenScheme:l=(c?"DPoP":"Bearer"),clientId:d,server:f={},remember:h="memory"}=e,{refresh:p}=f,b=e.transport??(n||V(p,"refresh}")||null===p?"body":"cookie"),g=((e,t,r)=>{
const{inBody:n,oauth2:s,tokenScheme:o,clientId:i,fields:c}=t,a=Ye({access:[c.accessToken],refresh:[c.refreshToken],
expiresIn:[c.expiresIn],user:[c.user],subject:[],step:[]},e.answer??{}),u=`${o} {access}`,l=(e,t,n,o={})=>{return Je({
method:o.method??"POST",url:r(o.path??t),isForm:"form"===(o.as??(s?"form":"json")),body:void 0===o.body?n:o.body,
headers:o.headers?(i=o.headers,
Object.fromEntries(Object.entries(i).map(([e,t])=>[e.toLowerCase(),t]))):"logoutAll"===e?{authorization:u}:{},
before:o.before&&r(o.before),answer:o.answer?Ye(a,o.answer):a,authorizeOn401:"logout"!==e||s||o.headers?"":u});var i
},d=n?{[c.refreshToken.replace(/.*\./,"")]:"{refresh}"}:void 0,f={token:"{refresh}",token_type_hint:"refresh_token",
client_id:"{clientId}"},h={login:s?{grant_type:"password","...":"{credentials}",client_id:"{clientId}"}:"{credentials}",
refresh:s?{grant_type:"refresh_token",refresh_token:"{refresh}",client_id:"{clientId}"}:d,logout:s?f:d,logoutAll:s?f:d
},p={};for(const[t,r]of Object.entries(e.calls??{}))p[t]=l(t,`/${t}`,"{credentials}",r)
;for(const[r,n]of Object.entries(t.endpoints)){const t=e[r];p[r]=null===t?void 0:l(r,n,h[r],t)}return{calls:p,api:{
...e.api?Xe(e.api,i):{authorization:u}},user:void 0===e.user||"id_token"===e.user?e.user:r(e.user),over:e.over??[],
notOver:e.notOver??[]}})(f,{endpoints:s,inBody:"body"===b,oauth2:n,tokenScheme:l,clientId:d,fields:{...n?yt:gt,
...e.fields}
},e=>kt(e.replaceAll("{clientId}",encodeURIComponent(d??"")),r)),y=Object.keys(s).map(e=>[e,g.calls[e]?.url??kt(s[e],r)]),m=Object.fromEntries(y)
;return{idempotencyKey:new URL(m.refresh).origin===t,restore:"auto",crossTab:!0,
name:m.refresh===`${t}${pt.refresh}`?"default":m.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,clientId:d,transport:b,remember:h,sharesSession:"cookie"===b||"memory"!==h&&"tab"!==h,tokenScheme:l,
dpop:c,server:g,endpoints:m,origins:[...new Set(o)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof i?i:i&&(()=>i),renewBeforeMs:1e3*a,timeoutMs:1e3*u}}function kt(e,t){
const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function vt(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))vt(t)}return e}
var _t=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},wt=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}}),jt=e=>mt(e).name,Tt={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,jwtLifetime:Number.NaN,
subject:0,renewable:!1};function Ot(e,t){const r=mt(e),n=(e=>{const t=[],r=r=>{Object.freeze(r.detail),
t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&z(()=>e(r))};return Object.assign((e,t,n)=>r({at:Date.now(),level:e,
event:t,...n&&{detail:n}}),{add:r,entries:()=>Object.freeze([...t])})})(r.onLog),s=r.sharesSession&&r.crossTab,i={
storage:Ge,tabStorage:Ve
},c=(a=r.name,l=(({sharesSession:e,remember:t},{storage:r,tabStorage:n})=>e?r:"tab"===t?n:void 0)(r,i),{prefix:Ee(a),
store:l,known:void 0,idempotencyKey:void 0,lastTokens:"",unstoredRevocation:!1});var a,l;const d=((e,t)=>{
if("memory"!==e)return"object"==typeof e?(e=>{let t=Promise.resolve(),r=Promise.resolve("");const n=e=>{
const r=t.then(e).catch(()=>{});return t=r,r},s=()=>n(()=>e.get()).then(e=>e??"");return{read:s,write(t){n(()=>e.set(t))
},last:()=>r,end(){r=s(),n(()=>e.remove())}}})(e):{read:()=>Me(t),write:e=>Ce(t,e),last:()=>t.lastTokens,end(){}}
})(r.remember,c),f=()=>document.cookie,p=(()=>{const e=[];return{numberOf(t,r,n){const{userId:s,sub:o}=t
;if(void 0===s&&void 0===o)return 0;const i=e[r-1],c=i&&Be(i,t);let a=c?r:e.findIndex(e=>Be(e,t))+1;if(n&&a)return a
;if(!a&&i&&void 0===c){if(n)return 0;a=r}a||=e.push({});const{userId:u=s,sub:l=o}=e[a-1];return e[a-1]={userId:u,sub:l},
a},identityOf:t=>e[t-1]}})(),y=((e,t)=>{let r={__proto__:null},n=0,s=0,o=Ue,i=0,c=0,a="",u=0,l=0;return{receive(e,s){
n+=1;const o=t.numberOf(e.identity,s?i:0);return r[n]={...e,isRefresh:s,subject:o},{token:n,subject:o}},needsUser(e){
const t=r[e];return!(!t||null!==t.user||t.isRefresh&&t.subject>0&&null!==o.user)},received:e=>r[e]?.accessToken??"",
describe(e,n,s){const o=r[e];if(!o)return 0;const c=B(n);o.user=((e,{user:t})=>{const r=F(e,"data")
;return ne(t,e,re)??("object"==typeof r?r:e)})(c,s);const{userId:a,sub:u}=de(s.subject,o.user,c,o.claims)
;return o.identity={userId:a??o.identity.userId,sub:u??o.identity.sub},o.subject=t.numberOf(o.identity,o.isRefresh?i:0),
o.subject},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:a,subject:u}=o,l=n.isRefresh&&(n.subject||u)===(u||n.subject);o=l?{...n,
refreshToken:n.refreshToken||t,user:n.user??a,subject:n.subject||u}:n,i=o.subject,l||(c+=1),s=e}u=ze()+t,l=Date.now()+t
},block(){u=0},clear(){a=o.refreshToken||a,s=0,c+=1,o=Ue,u=0,r={__proto__:null}},discard(e){delete r[e]},
forgetRevoked(){a=""},currentId:()=>s,subject:()=>i,profile:()=>({user:o.user,claims:o.claims}),
isFresh:()=>ze()<u&&Date.now()<l,allows(t){for(let r=0;r<e.length;r+=1)if(0===h(t,e[r]))return!0;return!1},
generation:()=>c,accessToken:()=>o.accessToken,refreshToken:e=>o.refreshToken||(e?a:"")}
})(r.origins,p),k=t&&new It(t),S=e=>e(),R=((e,t,r)=>{const n=t?globalThis.navigator?.locks:void 0;let s=()=>{};return{
request(t,o,i){s();const c=new AbortController,{signal:a}=c,u=()=>r(()=>a.aborted||i()),l=()=>o>0?setTimeout(u,o):u()
;if(!n)return s=()=>c.abort(),z(l);const d=new Promise(e=>{s=()=>{c.abort(),e()}});n.request(e,Je(t?{steal:t}:{signal:a
}),()=>(l(),d)).catch(({name:e})=>"AbortError"===e||l())},release:()=>r(s),close:()=>s()}
})(c.prefix,s,S),E=st(c.prefix,s,c,S,(t,r)=>{const{type:s,reason:o,waitMs:i=0,failures:c=0}=t
;n("debug","message-received",{type:s,relation:r,waitMs:i,failures:c});const a=p.numberOf(t,y.subject(),!0)
;e.messageReceived(r,s,a,o,i,c)}),A=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:s,createError:i}=e,c=new Set((({calls:e})=>Object.values(e).flatMap(e=>e&&"GET"!==e.method?[e.url]:[]))(e.settings.server)),a=new Set
;let l=!1;function d(){const e=r.currentId();if(0===e)throw i(l?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,e.copyRequest).then(o=>{if(Ze(e,o))return o;const i=e.handler.isRejected(o)
;return!1===i?o:(async(e,r,o,i)=>{if(!await i)return o;s("info","call-rejected",{status:o.status,token:r});const c=(e=>{
let t=2166136261;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0
})(O(e.request)),a=await U(t.tokenRejected(r,c),T(e.request))?e.copyRequest():void 0;if(!a)return o
;o.body?.cancel().catch(()=>{});const u=d(),l=await n(a,e.copyRequest)
;return!Ze(e,l)&&await e.handler.isRejected(l)&&await t.retryRejected(u,c),l})(e,r,o,i)})}return{fetch(n,s,i=e.handler){
let l;try{l=new o(n,s)}catch(e){return Promise.reject(e)}const d=O(l),h=N(v(l),"authorization")
;if(!r.allows(d)||c.has(d)||h)return u(l);const p=((e,t,r)=>{
const n="string"==typeof t?t:void 0,s=null!==m(e)&&!/^(GET|HEAD)$/.test(_(e)),i=s&&void 0===n?((e,t)=>{
if("ReadableStream"===(r=t,Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return
;var r;const n=I(e);if(null!=t)return n;try{return new o(I(n),Qe),n}catch{return void m(n)?.cancel().catch(()=>{})}
})(e,t):void 0;return{request:e,handler:r,copyRequest(){if(s&&void 0===n)return i&&I(i);if(void 0===n)return new o(e)
;const t=w(e),r=j(e);return new o(e,{__proto__:null,body:n,referrer:t,referrerPolicy:r})}}
})(l,s?.body,(e=>!e||!1!==Je(Je(e).auth).retry)(s)?i:{...i,isRejected:()=>!1});return new Promise((e,n)=>{a.add(n),
(r.isFresh()?f(p):U(t.requestToken(0),T(l)).then(()=>f(p))).then(e,n).then(()=>a.delete(n))})},async getAccessToken(e){
await t.requestToken(e),d();const n=r.accessToken();if(!n)throw i("TOKEN_IN_COOKIE");return n},rejectAll(e){
l||="DISPOSED"===e;for(const t of a)t(i(e));a.clear()}}})({settings:r,client:e,tokens:y,
sendAuthorized:Se(y,r.server.api,k,f),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new _t(e)}}),$={client(){return e},settings:r,tokens:y,users:p,requests:we({settings:r,
tokens:y,idempotencyKey(){return(e=>{const t=xe(e,"idempotency-key"),r=Ae(t)?t:e.idempotencyKey||$e();return He(e,r),r
})(c)},prover:k,cookies:f,remembered:d}),remembered:d,state:c,lock:R,crossTab:E,log:n,rejectCalls:A.rejectAll}
;return Object.freeze({...dt($),async sendAuthRequest(e,t,r,n){const s=void 0===t?void 0:{json:t,call:n
},{response:o,stated:i,failure:c,details:a}=await(async({settings:e,requests:t,state:r,log:n},s,o,i)=>{
const c=(t,r=!1)=>{const n=`${(({server:e,endpoints:t},r,n)=>{const s=e.calls[n?.call??r]
;return`${s?.method??"POST"} ${s?.url??t[r]}`})(e,s,o)}: ${t}`;var i;return r||(i=n,
ft&&console.warn(`tokenward: ${i}`)),n};try{
const a=await t.send(s,o,i),{status:u,code:l="",message:d,found:f,retryAfterMs:h,isPage:p,body:y}=a,m=u>=200&&u<300,k=((e,{status:t,code:r="",message:n="",isPage:s,isRefusal:o,isStep:i},{over:c,notOver:a})=>{
const u=b(`${r} ${n}`);if("refresh"===e){if(lt(a,t,u))return"request-fault";if(lt(c,t,u))return"over"}
return i?"step-required":g(ot,r)?ot[r]:g(ot,n)?ot[n]:!(s||ut(b(r),it)||ut(u,ct))||s&&"login"===e?"login"===e?ut(u,at)?"bad-credentials":void 0:o?"refused":void 0:"request-fault"
})(s,a,e.server),v=ht.includes(u)&&!p&&"request-fault"!==k;if((a.token||v)&&(e=>{null===xe(e,"asked")&&Pe(e,"asked","1")
})(r),(({token:e,expiresIn:t,jwtLifetime:r},n)=>{e&&Math.abs(t-r)>1&&n("warn","lifetimes-differ",{expiresIn:t,
jwtLifetime:r})})(a,n),n(m?"debug":"warn","auth-request",{endpoint:s,status:u,code:l.slice(0,40),retryAfterMs:h}),
m&&("logout"===s||"logoutAll"===s||a.token))return{response:a,details:""}
;const _=404===u||405===u?` (options.endpoints.${s})`:m?(({server:e},t,r)=>`; expected the member ${e.calls[t]?.answer.access?.join(" or ")} (options.fields), found ${r}`)(e,o?.call??s,f):""
;return{response:a,stated:k,
details:c(`status ${u}${"step-required"===k?"":_}${d?`; the server says: ${d}`:""}`,"refresh"===s&&401===u||"step-required"===k),
body:y}}catch(e){const t=e instanceof ve;return n("warn","auth-request",{endpoint:s,
failed:t?"options.authHeaders":e?.name}),t&&z(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",
details:c("options.authHeaders failed",!0)}:{failure:"network-error",
details:"AbortError"===e?.name?"":c("no response: offline, server down, or CORS")}}
})($,e,s,r),{status:u,retryAfterMs:l,token:d,subject:f,renewable:h,expiresIn:p,jwtLifetime:y}=o??Tt;return{status:u,
retryAfterMs:l,token:d,subject:f,renewable:h,expiresIn:p,jwtLifetime:y,...c&&{failure:c},details:a,code:i}},
abortAuthRequest:$.requests.abort,fetch(e,t){return A.fetch(e,t)},user(){return vt(y.profile().user)},jwtPayload(){
return Q(y.accessToken())},
getAccessToken:r.exposeToken?A.getAccessToken:()=>Promise.reject(new _t("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
R.close(),E.close(),A.rejectAll("DISPOSED")}})}var It=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(s=>s.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(s=>s.send(e,t,r,n))}}
;export{_t as CallError,jt as clientName,wt as createOptions,Ot as createPlatform};
