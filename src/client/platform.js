// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},o="document"in globalThis,{Request:s,Headers:i,XMLHttpRequest:c,URLSearchParams:a}=globalThis,{fetch:l}=globalThis,{parse:u,stringify:d}=JSON,{keys:f}=Object,h=r(String.prototype.indexOf),p=r(String.prototype.slice),b=r(String.prototype.toLowerCase),g=r(Object.prototype.hasOwnProperty),y=s?.prototype,m=n(y,"body"),k=n(y,"credentials"),v=n(y,"headers"),w=n(y,"method"),_=n(y,"referrer"),j=n(y,"referrerPolicy"),T=n(y,"signal"),I=n(y,"url"),O=y&&r(y.clone),S=i?.prototype,N=S&&r(S.set),R=S&&r(S.has),E=(S&&r(S.delete),
c?.prototype),A=E&&r(E.open),$=E&&r(E.send),x=E&&r(E.abort),P=E&&r(E.setRequestHeader),q=E&&r(E.getAllResponseHeaders),D=E&&r(E.addEventListener),M=E&&r(Object.getOwnPropertyDescriptor(E,"withCredentials")?.set),L=n(E,"status"),H=n(E,"responseText"),K=n(E,"responseURL"),C=e=>e.reason??new DOMException("the call was aborted","AbortError"),z=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function U(e,t){return t?new Promise((r,n)=>{
const o=()=>n(C(t))
;t.aborted&&o(),t.addEventListener("abort",o),e.then(r,n).finally(()=>t.removeEventListener("abort",o))}):e}
function F(e){try{return u(e)}catch{return null}}function B(e,t){let r=e;for(let e=0;"."!==t&&e<=t.length;){
const n=h(t,".",e),o=n<0?t.length:n,s=p(t,e,o);if("object"!=typeof r||null===r||!g(r,s))return;r=r[s],e=o+1}
return r??void 0}function G(e,t){
return"access"===e?t.access:"refresh"===e?t.refresh:"clientId"===e?t.clientId:"credentials"===e?void 0===t.credentials?void 0:u(t.credentials):0===h(e,"cookie:")?((e,t)=>{
const r=`; ${e};`,n=h(r,`; ${t}=`);if(n<0)return;const o=n+t.length+3,s=p(r,o,h(r,";",o));try{
return decodeURIComponent(s)}catch{return s}
})(t.cookies,p(e,7)):void 0===t.credentials?void 0:B(u(t.credentials),p(e,12))}function V(e,t){
if("string"==typeof e)return h(e,`{${t}`)>=0;if("object"!=typeof e||null===e)return!1;const r=f(e)
;for(let n=0;n<r.length;n+=1)if(V(e[r[n]],t))return!0;return!1}function J(e,t){let r="";for(let n=0;;){
const o=h(e,"{",n),s=o<0?-1:h(e,"}",o);if(s<0)return r+p(e,n);const i=G(p(e,o+1,s),t);if(null==i||""===i)return
;if(0===o&&s===e.length-1)return i;r+=p(e,n,o)+i,n=s+1}}function X(e,t,r,n){const o=f(e);for(let s=0;s<o.length;s+=1){
const i=o[s],c=n&&R(n,i)?void 0:J(e[i],t);void 0!==c&&r(i,`${c}`)}}function Y(e,t){const r={__proto__:null},n=f(e)
;for(let o=0;o<n.length;o+=1){const s=n[o],i=e[s],c="string"==typeof i?J(i,t):"object"==typeof i&&null!==i?Y(i,t):i
;if("..."===s){const e=f(Object(c));for(let t=0;t<e.length;t+=1)r[e[t]]=c[e[t]]}else void 0!==c&&(r[s]=c)}return r}
function W(e,t,r){if(null==e)return null;if("{credentials}"===e&&!t)return r.credentials??null
;const n="object"==typeof e?Y(e,r):J(String(e),r)
;return void 0===n||"object"==typeof n&&null!==n&&0===f(n).length?null:t?new a(n):d(n)}function Q(e){
const t=h(e,"."),r=h(e,".",t+1);return r>t&&t>0?p(e,t+1,r):""}function Z(e){try{
const t=atob(Q(e).split("-").join("+").split("_").join("/")),r=F((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}}
var ee=e=>void 0===e?void 0:String(e),te=e=>"string"==typeof e?e:void 0,re=()=>null;function ne(e,t,r){
for(let n=0;n<e.length;n+=1){const o=e[n],s=0===h(o,"@")?r(p(o,1)):B(t,o);if(null!=s&&""!==s)return s}}
function oe(e,t,r,n=re,o=!1){
const s=F(t),i=h(b(n("content-type")??""),"html")>=0||0===h(t,"<"),c=void 0!==ne(r.step,s,n),a="null"===t,l=!e||c||i||a?void 0:((e,t,r,n)=>{
const{access:o}=t,s=o?(e=>{const t=h(e," ");return t<0?e:p(e,t+1)})(te(ne(o,e,r))??""):""
;if(!s&&o&&(!0!==B(e,"success")||fe(e,8)))return;if(!o&&"object"==typeof e&&null!==e&&se(e,t))return
;const i=ne(t.user,e,r)??null??(n?Z(te(B(e,"id_token"))??""):null),c=Z(s);return{accessToken:s,
refreshToken:te(ne(t.refresh,e,r))??"",user:i,claims:c,identity:ue(t.subject,i,e,c)}
})(s,r,n,o),u=void 0!==ne(r.access??[],s,n)||void 0!==ne(r.refresh,s,n),d="object"==typeof s&&null!==s,g=(e=>{
const t=B(e,"error")??B(e,"errors.0")
;return te(B(t,"code")??B(t,"extensions.code")??B(e,"code")??B(e,"error_code")??B(e,"__type")??t)})(s),y=(e=>{
for(let t=0;t<ie.length;t+=1){const r=ce(B(e,ie[t]),4);if(r)return r}const t=ce(B(e,"error"),1)
;if(t||"object"!=typeof e||null===e)return t;const r=f(e);for(let t=0;t<r.length;t+=1){const n=r[t],o=B(B(e,n),"0")
;if("string"==typeof o)return`${n}: ${o}`}})(s)??(!d&&!i&&t.length<=1e3&&t?t:void 0);return{code:g,
message:y&&p(y,0,200),isRefusal:e?a||d&&se(s,r):d&&!(!g&&!y),isPage:i,isStep:c,body:!d||!c&&e||u?void 0:s,
expiresIn:ae(r.expiresIn,s,n),jwtLifetime:Number(B(l?.claims,"exp"))-Number(B(l?.claims,"iat")),issued:l,
found:e&&!l?de(s)||"no JSON object":""}}function se(e,{access:t,user:r}){if(!1===B(e,"success"))return!0;const n=t??r
;for(let t=0;t<n.length;t+=1){const r=n[t];if(g(e,r)&&null===e[r])return!0}return!1}
var ie=["error.message","error_description","message","detail","msg","errors","title","non_field_errors"]
;function ce(e,t){if("string"==typeof e)return e;if("object"!=typeof e||null===e||0===t)return
;const r=B(e,"message")??B(e,"msg")??B(e,"detail");if("string"==typeof r)return r;const n=f(e)
;for(let r=0;r<n.length;r+=1){const o=ce(e[n[r]],t-1);if(o)return o}}function ae(e,t,r){for(let n=0;n<e.length;n+=1){
const o=e[n],s=h(o," "),i=s<0?"s":p(o,s+1),c=ne([s<0?o:p(o,0,s)],t,r),a=void 0===c?Number.NaN:le(c,i)
;if(!Number.isNaN(a))return a}return Number.NaN}function le(e,t){
const r=Number("string"==typeof e?e.trim()||Number.NaN:e)
;return"ms"===t?r/1e3:"at"!==t?r:((Number.isNaN(r)?Date.parse(String(e)):r>1e11?r:1e3*r)-Date.now())/1e3}
function ue(e,t,r,n){if(0===e.length)return((e,t)=>({userId:ee(B(e,"id")??B(e,"pk")??B(e,"user_id")),
sub:ee(B(e,"sub")??B(t,"sub")??B(t,"user_id"))}))(t,n);const o=ne(e,t,re)??ne(e,r,re)??ne(e,n,re);return{sub:ee(o)}}
function de(e,t=""){if("object"!=typeof e||null===e)return"";let r="";const n=f(e);for(let o=0;o<n.length&&o<20;o+=1){
const s=p(n[o],0,40);r+=`${r&&", "}${(t?"":de(e[s],`${s}.`))||t+s}`}return r}function fe(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=f(e);for(let n=0;n<r.length;n+=1){const o=b(r[n])
;if(h(o,"token")>=0&&h(o,"csrf")<0&&h(o,"xsrf")<0||fe(e[r[n]],t-1))return!0}return!1}
function he({method:e,url:t,headers:r,setHeaders:n,body:s,withCredentials:i,signal:a},l){return new Promise((u,d)=>{
const f=new c;A(f,e,t),M(f,i),r.forEach((e,t)=>{P(f,t,e)}),n((e,t)=>{P(f,e,t)}),D(f,"loadend",()=>{
const e=L(f),r=H(f),n=K(f)!==t,s=q(f)
;o&&A(f,"POST",t),x(f),!e||n?d(a.reason??new TypeError("no response")):u(l(e,e=>((e,t)=>{
const r=`\r\n${e}`,n=h(r,`\r\n${t}: `),o=n+t.length+4;return n<0?null:p(r,o,h(r,"\r\n",o))})(s,e),r))});const b=()=>x(f)
;a.addEventListener("abort",b),$(f,s),a.aborted&&b()})}
var pe=class extends Error{},be=e=>"function"==typeof e?.then,ge=e=>"logout"===e||"logoutAll"===e,ye=()=>null
;function me(e){
const{settings:t,tokens:r,prover:n,remembered:o}=e,{calls:i,api:c,user:a}=t.server,{refresh:u}=i,f="body"===t.transport,h=V({
...i,api:c},"cookie:"),p=!u||V(u,"access}");let b=()=>{};function g({endpoint:e,call:t},r,o,s,c){
n?.learnNonce(t?.url??"",s("dpop-nonce"))
;const l=o>=200&&o<300,u=(t??i.login).answer,{issued:d,...f}=oe(l,c,u,s,"id_token"===a);return m(e,r,o,{...f,
retryAfterMs:y(s)},d)}const y=e=>((e,t)=>{
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0})(e("retry-after"),e("date"));function m(e,t,n,s,i){if(!i)return{...s,status:n,token:0,
subject:0,renewable:!1};const c="refresh"===e;i.refreshToken=f?i.refreshToken||(c?t.refresh:""):""
;const a=f&&V(u,"refresh}"),l=!(!u||a&&""===i.refreshToken);return c&&o&&!r.currentId()&&(i.user??=k(t)),
o&&((e,{expiresIn:t,jwtLifetime:r})=>{
const{refreshToken:n,user:s}=e,i=t>0?t:r,c=i>0?Date.now()+1e3*i:null,a=p?e.accessToken:"";o?.write(d({__proto__:null,
refresh:n,access:a,until:c,user:s}))})(i,s),{...s,...r.receive(i,c),status:n,renewable:l}}
const k=({kept:e})=>B(e,"user")??null;function w(o,u,d,h){const p=h?F(h):void 0,b={__proto__:null,
access:o.access||we(p,"access"),refresh:we(p,"refresh")||o.refresh,credentials:o.login?.json,clientId:t.clientId,
cookies:d,kept:p
},{endpoint:y,call:k,login:w,signal:_}=o,j=()=>w?.isAnswer?Promise.resolve(g(o,b,200,ye,w.json)):((n,o,c)=>{
const{endpoint:a,call:u,signal:d}=n;if(!u||f&&"refresh"===a&&_e(u,c))return Promise.resolve(((e,t)=>{
const{kept:n}=t,o=Number(B(n,"until")??Number.POSITIVE_INFINITY),s="refresh"===e.endpoint&&!r.currentId()&&o>Date.now()?((e,{answer:t})=>{
const r=te(B(e,"access"))??"";if(!r)return;const n=B(e,"user")??null,o=Z(r);return{accessToken:r,refreshToken:"",user:n,
claims:o,identity:ue(t.subject,n,null,o)}})(n,i.login):void 0;if(!s)return g(e,t,ge(e.endpoint)?404:401,ye,ke)
;const c=o===Number.POSITIVE_INFINITY?Number.NaN:(o-Date.now())/1e3;return m("refresh",t,200,{
...oe(!1,"",i.login.answer),expiresIn:c,retryAfterMs:0},s)})(n,c))
;const h=W(u.body,u.isForm,c),p="refresh"===a&&t.idempotencyKey&&e.idempotencyKey()
;return p&&o.set("idempotency-key",p),
"string"!=typeof h||R(o,"content-type")||u.headers["content-type"]||o.set("content-type","application/json"),
ge(a)?((e,t,r,n,o)=>{const i=i=>{const c=(({method:e,url:t},r,n,o,i)=>new s(t,{__proto__:null,method:e,headers:r,body:n,
credentials:o?"omit":"include",cache:"no-store",redirect:"error",keepalive:!0,signal:i
}))(t,n,o,f,e.signal),a=(e,t)=>N(v(c),e,t);return X(t.headers,r,a,n),X(i,r,a),(async(e,t,r)=>{
const n=await l(e),o=await n.text();return g(t,r,n.status,e=>n.headers.get(e),o)})(c,e,r)},{authorizeOn401:c}=t
;return i({}).then(e=>401===e.status&&r.access&&c?i({authorization:c}):e)})(n,u,c,o,h):he({__proto__:null,
method:u.method,url:u.url,headers:o,setHeaders:e=>X(u.headers,c,e,o),body:h,withCredentials:!f,signal:d
},(e,t,r)=>g(n,c,e,t,r))})(o,u,b),T=n&&"logout"!==y&&k?n.sendAuthRequest(u,k.url,ge(y)?b.access:"",j):j()
;return a?T.then(e=>(async(e,t,n)=>{const{token:o}=e;if(!o||!a||"id_token"===a||!r.needsUser(o))return e;const s={...ve,
__proto__:null,access:r.received(o),cookies:n},l=await he({__proto__:null,method:"GET",url:a,headers:new Headers,
setHeaders:e=>X(c,s,e),body:null,withCredentials:!f,signal:t
},(e,t,n)=>r.describe(o,e<300?n:"",i.login.answer.subject)).catch(()=>e.subject);return{...e,subject:l}})(e,_,d)):T}
return{send(n,s,c){const a=new AbortController;b=()=>a.abort();const{signal:l}=a;c?.aborted&&a.abort(C(c)),
c?.addEventListener("abort",()=>a.abort(C(c)),{signal:l});const u=i[s?.call??n],d={__proto__:null,endpoint:n,call:u,
signal:l,login:s,access:r.accessToken(),refresh:r.refreshToken(ge(n))},p=(({authHeaders:e})=>{const t=e=>{
throw new pe("",{cause:e})};try{const r=e?.()
;return be(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}})(t)
;return be(p)||h||o||u?.before?(async(t,r)=>{const{endpoint:n,call:s,signal:i}=t,c=await U(Promise.resolve(r),i)
;s?.before&&await(async(e,t)=>{const r={__proto__:null,method:"GET",url:e,headers:new Headers,setHeaders(){},body:null,
signal:t};await he({...r,__proto__:null,withCredentials:!f},()=>{}).catch(()=>{})})(s.before,i)
;const a=h?await e.cookies():"";let l="";return o&&"refresh"===n&&(l=await o.read()),o&&ge(n)&&(l=await o.last()),
w(t,c,a,l)})(d,p):w(d,p,"","")},abort(){return b()}}}var ke='{"code":"NO_REFRESH_TOKEN"}',ve={access:"",refresh:"",
credentials:void 0,clientId:void 0,cookies:"",kept:void 0};function we(e,t){const r=B(e,t);return"string"==typeof r?r:""
}var _e=(e,{refresh:t,access:r})=>V(e,"refresh}")?!t:V(e,"access}")&&!r;function je(e,t,r,n){const o=(e=>{
const t=/^(\S+ )\{access\}$/.exec(e.authorization??"")?.[1];return t&&1===Object.keys(e).length?(e,r)=>{
r&&N(v(e),"authorization",t+r)}:(t,r,n)=>X(e,{__proto__:null,access:r,refresh:"",credentials:void 0,clientId:void 0,
cookies:n,kept:void 0},(e,r)=>N(v(t),e,r))})(t),i=(t,n,i)=>{
if(r&&e.accessToken())return r.send(t,n,e,t=>o(t,e.accessToken(),i))
;const c=e.accessToken()||"same-origin"!==k(t)?t:new s(t,{__proto__:null,credentials:"include"})
;return o(c,e.accessToken(),i),l(c)};return(e=>V(e,"cookie:"))(t)?async(e,t)=>i(e,t,await n()):(e,t)=>i(e,t,"")}
var Te=/^[\x21-\x7e]{1,128}$/,Ie=864e5,Oe=e=>`tokenward:v1:${e}`,Se=e=>"string"==typeof e&&Te.test(e),Ne=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),Re=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),Ee=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function Ae(e){const t=Number(Re(e,"not-before")??0)-Date.now();return t>0&&t<=Ie?t:0}
var $e=e=>e.unstoredRevocation||"1"===Re(e,"pending-revocation");function xe(e,t,r=!0){e.known=t,
r&&Ee(e,"sign-in-key",t),Ee(e,"probe-key")}var Pe=e=>Re(e,"tokens")??"",qe=(e,t)=>Ee(e,"tokens",t);function De(e,t){
e.idempotencyKey=t,Ee(e,"idempotency-key",t)}var Me=globalThis.performance??Date,Le=()=>Me.now(),He={accessToken:"",
refreshToken:"",user:null,claims:null,identity:{},subject:0,isRefresh:!1};function Ke(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var Ce=e=>({read(t){try{
return globalThis[e].getItem(t)}catch{return}},write(t,r){try{r?globalThis[e].setItem(t,r):globalThis[e].removeItem(t)
}catch{}}}),ze=Ce("localStorage"),Ue=Ce("sessionStorage"),Fe=e=>({__proto__:null,...e
}),Be=(e,t="")=>Object.fromEntries(Object.entries(e).map(([e,r])=>[e.toLowerCase(),r.replaceAll("{clientId}",t)])),Ge=e=>"string"==typeof e?[e]:e??[]
;function Ve(e,{access:t,...r}){const n={...e};for(const[e,t]of Object.entries(r))n[e]=Ge(t)
;return void 0!==t&&(n.access=null===t?null:Ge(t)),n}var Je={__proto__:null,method:"POST",mode:"no-cors",
cache:"default",integrity:""};function Xe({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var Ye=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],We=["no-session","logout","expired","revoked","token-reused","other-tab","restore-failed"],Qe=(e,t)=>"number"==typeof t&&t>=0&&t<=e,Ze=[250,2e3]
;function et(e,t,r,n,o){let s=!1;const i=(e,t)=>{if(s)return;const c=((e,t)=>{const r=Re(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:a,waitMs:l=0}=e,u="refresh-failed"===a&&(e=>void 0!==Re(e,"sign-in-key"))(r)?Ae(r):l,d="signed-in"===a&&"stale"===c,f="signed-out"===a&&"same"===c&&(e=>!!e.known&&Re(e,"sign-in-key")===e.known)(r)||l>0&&0===u,h=Ze[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||o(Fe({...e,waitMs:Math.min(l,u)}),c)},c=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=Fe(e),{v:r,type:n,key:o="-",userId:s="",sub:i="",reason:c,waitMs:a=0,failures:l=0}=t
;return 1===r&&Ye.includes(n)&&Se(o)&&"string"==typeof s&&"string"==typeof i&&("signed-out"!==n||We.includes(c))&&Qe(Ie,a)&&Qe(65535,l)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;c&&n(()=>c.postMessage(t))},close(){s=!0,c?.close()}}}var tt={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},rt=["invalid_client","unauthorized_client","invalid_request","unsupported_","invalid_scope","malformed"],nt=["csrf","xsrf","rate limit","rate_limit","ratelimit","throttle","too many","too_many"],ot=["credential","password","invalid_grant","invalid grant","invalid_login","invalid login","invalid user","invalid_user","invalid email","invalid_email","user not found","user_not_found","email not found","email_not_found","account not found","account_not_found"]
;function st(e,t){for(let r=0;r<t.length;r+=1)if(h(e,t[r])>=0)return!0;return!1}function it(e,t,r){
for(let n=0;n<e.length;n+=1){const o=b(e[n]),s=Number(p(o,0,3)),i=p(o,s?4:0);if((!s||s===t)&&h(r,i)>=0)return!0}return!1
}function ct(e){const{client:t,tokens:r,users:n,state:o,lock:s,crossTab:i,log:c,remembered:a}=e,l=(e,r,n=0)=>{
c(e?"warn":"debug","lock-requested",{steal:e}),s.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
c("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=Re(e,"sign-in-key")
;return null!==t||e.known||null!==Re(e,"asked")||$e(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(o)},isRevocationPending(){return $e(o)},notBeforeWait(){return Ae(o)},storeNewKey(){return(e=>{xe(e,Ne()),De(e,Ne())
})(o)},adoptStoredKey(){return(e=>{const t=Re(e,"sign-in-key"),r=Se(t)?t:e.known||Ne();xe(e,r,t!==r)})(o)},
useProbeKey(){return(e=>{const t=Re(e,"probe-key");e.known||=Se(t)?t:Ne(),Ee(e,"probe-key",e.known)})(o)},removeKey(){
(e=>{const t=Re(e,"sign-in-key"),r=t&&t!==e.known;xe(e,void 0,!r),r||(De(e,void 0),e.lastTokens=Pe(e)||e.lastTokens,
qe(e))})(o),a?.end()},replaceIdempotencyKey(){return(e=>{const t=Re(e,"idempotency-key")
;t&&t!==e.idempotencyKey||De(e,Ne())})(o)},storePendingRevocation(){return(e=>{Ee(e,"pending-revocation","1"),
e.unstoredRevocation="1"!==Re(e,"pending-revocation")})(o)},clearPendingRevocation(){(e=>{Ee(e,"pending-revocation"),
e.unstoredRevocation=!1,e.lastTokens=""})(o),r.forgetRevoked()},storeNotBefore(e){
return((e,t)=>Ee(e,"not-before",String(Date.now()+Math.min(Math.max(t,Ae(e)),Ie))))(o,e)},clearNotBefore(){
return(e=>Ee(e,"not-before"))(o)},requestLock(e){return l(!1,e)},requestSettledLock(e){return l(!1,e,250)},stealLock(e){
return l(!0,e)},releaseLock:s.release,broadcast(e,t,r,o,s){const c="refresh-failed"===e?{waitMs:Math.min(o,Ie),
failures:s}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...c})}}}
var at=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??""),lt=[400,401,403,419,422,440,498],ut={
login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},dt={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},ft={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},ht={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function pt(e){const t=(()=>{
const e=globalThis.location?.origin;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,o={...n?dt:ut,...e.endpoints
},s=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:i,dpop:c=!1,renewBeforeSeconds:a=60,timeoutSeconds:l=10}=e,{tokenScheme:u=(c?"DPoP":"Bearer"),clientId:d,server:f={},remember:h="memory"}=e,{refresh:p}=f,b=e.transport??(n||V(p,"refresh}")||null===p?"body":"cookie"),g=((e,t,r)=>{
const{inBody:n,oauth2:o,tokenScheme:s,clientId:i,fields:c}=t,a=Ve({access:[c.accessToken],refresh:[c.refreshToken],
expiresIn:[c.expiresIn],user:[c.user],subject:[],step:[]},e.answer??{}),l=`${s} {access}`,u=(e,t,n,s={})=>Fe({
method:s.method??"POST",url:r(s.path??t),isForm:"form"===(s.as??(o?"form":"json")),body:void 0===s.body?n:s.body,
headers:s.headers??("logoutAll"===e?{authorization:l}:{}),before:s.before&&r(s.before),answer:s.answer?Ve(a,s.answer):a,
authorizeOn401:"logout"!==e||o||s.headers?"":l}),d=n?{[c.refreshToken.replace(/.*\./,"")]:"{refresh}"}:void 0,f={
token:"{refresh}",token_type_hint:"refresh_token",client_id:"{clientId}"},h={login:o?{grant_type:"password",
"...":"{credentials}",client_id:"{clientId}"}:"{credentials}",refresh:o?{grant_type:"refresh_token",
refresh_token:"{refresh}",client_id:"{clientId}"}:d,logout:o?f:d,logoutAll:o?f:d},p={}
;for(const[t,r]of Object.entries(e.calls??{}))p[t]=u(t,`/${t}`,"{credentials}",r)
;for(const[r,n]of Object.entries(t.endpoints)){const t=e[r];p[r]=null===t?void 0:u(r,n,h[r],t)}return{calls:p,api:{
...e.api?Be(e.api,i):{authorization:l}},user:void 0===e.user||"id_token"===e.user?e.user:r(e.user),over:e.over??[],
notOver:e.notOver??[]}})(f,{endpoints:o,inBody:"body"===b,oauth2:n,tokenScheme:u,clientId:d,fields:{...n?ht:ft,
...e.fields}
},e=>bt(e.replaceAll("{clientId}",encodeURIComponent(d??"")),r)),y=Object.keys(o).map(e=>[e,g.calls[e]?.url??bt(o[e],r)]),m=Object.fromEntries(y)
;return{idempotencyKey:new URL(m.refresh).origin===t,restore:"auto",crossTab:!0,
name:m.refresh===`${t}${ut.refresh}`?"default":m.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,clientId:d,transport:b,remember:h,sharesSession:"cookie"===b||"memory"!==h&&"tab"!==h,tokenScheme:u,
dpop:c,server:g,endpoints:m,origins:[...new Set(s)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof i?i:i&&(()=>i),renewBeforeMs:1e3*a,timeoutMs:1e3*l}}function bt(e,t){
const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function gt(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))gt(t)}return e}
var yt=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},mt=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}}),kt=e=>pt(e).name,vt={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,jwtLifetime:Number.NaN,
subject:0,renewable:!1};function wt(e,t){const r=pt(e),n=(e=>{const t=[],r=r=>{Object.freeze(r.detail),
t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&z(()=>e(r))};return Object.assign((e,t,n)=>r({at:Date.now(),level:e,
event:t,...n&&{detail:n}}),{add:r,entries:()=>Object.freeze([...t])})})(r.onLog),o=r.sharesSession&&r.crossTab,i={
storage:ze,tabStorage:Ue
},c=(a=r.name,u=(({sharesSession:e,remember:t},{storage:r,tabStorage:n})=>e?r:"tab"===t?n:void 0)(r,i),{prefix:Oe(a),
store:u,known:void 0,idempotencyKey:void 0,lastTokens:"",unstoredRevocation:!1});var a,u;const d=((e,t)=>{
if("memory"!==e)return"object"==typeof e?(e=>{let t=Promise.resolve(),r=Promise.resolve("");const n=e=>{
const r=t.then(e).catch(()=>{});return t=r,r},o=()=>n(()=>e.get()).then(e=>e??"");return{read:o,write(t){n(()=>e.set(t))
},last:()=>r,end(){r=o(),n(()=>e.remove())}}})(e):{read:()=>Pe(t),write:e=>qe(t,e),last:()=>t.lastTokens,end(){}}
})(r.remember,c),f=()=>document.cookie,p=(()=>{const e=[];return{numberOf(t,r,n){const{userId:o,sub:s}=t
;if(void 0===o&&void 0===s)return 0;const i=e[r-1],c=i&&Ke(i,t);let a=c?r:e.findIndex(e=>Ke(e,t))+1;if(n&&a)return a
;if(!a&&i&&void 0===c){if(n)return 0;a=r}a||=e.push({});const{userId:l=o,sub:u=s}=e[a-1];return e[a-1]={userId:l,sub:u},
a},identityOf:t=>e[t-1]}})(),y=((e,t)=>{let r={__proto__:null},n=0,o=0,s=He,i=0,c=0,a="",l=0,u=0;return{receive(e,o){
n+=1;const s=t.numberOf(e.identity,o?i:0);return r[n]={...e,isRefresh:o,subject:s},{token:n,subject:s}},needsUser(e){
const t=r[e];return!(!t||null!==t.user||t.isRefresh&&t.subject>0&&null!==s.user)},received:e=>r[e]?.accessToken??"",
describe(e,n,o){const s=r[e];if(!s)return 0;s.user=F(n);const{userId:c,sub:a}=ue(o,s.user,null,s.claims)
;return s.identity={userId:c??s.identity.userId,sub:a??s.identity.sub},s.subject=t.numberOf(s.identity,s.isRefresh?i:0),
s.subject},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:a,subject:l}=s,u=n.isRefresh&&(n.subject||l)===(l||n.subject);s=u?{...n,
refreshToken:n.refreshToken||t,user:n.user??a,subject:n.subject||l}:n,i=s.subject,u||(c+=1),o=e}l=Le()+t,u=Date.now()+t
},block(){l=0},clear(){a=s.refreshToken||a,o=0,c+=1,s=He,l=0,r={__proto__:null}},discard(e){delete r[e]},
forgetRevoked(){a=""},currentId:()=>o,subject:()=>i,profile:()=>({user:s.user,claims:s.claims}),
isFresh:()=>Le()<l&&Date.now()<u,allows(t){for(let r=0;r<e.length;r+=1)if(0===h(t,e[r]))return!0;return!1},
generation:()=>c,accessToken:()=>s.accessToken,refreshToken:e=>s.refreshToken||(e?a:"")}
})(r.origins,p),k=t&&new _t(t),S=e=>e(),N=((e,t,r)=>{const n=t?globalThis.navigator?.locks:void 0;let o=()=>{};return{
request(t,s,i){o();const c=new AbortController,{signal:a}=c,l=()=>r(()=>a.aborted||i()),u=()=>s>0?setTimeout(l,s):l()
;if(!n)return o=()=>c.abort(),z(u);const d=new Promise(e=>{o=()=>{c.abort(),e()}});n.request(e,Fe(t?{steal:t}:{signal:a
}),()=>(u(),d)).catch(({name:e})=>"AbortError"===e||u())},release:()=>r(o),close:()=>o()}
})(c.prefix,o,S),E=et(c.prefix,o,c,S,(t,r)=>{const{type:o,reason:s,waitMs:i=0,failures:c=0}=t
;n("debug","message-received",{type:o,relation:r,waitMs:i,failures:c});const a=p.numberOf(t,y.subject(),!0)
;e.messageReceived(r,o,a,s,i,c)}),A=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:o,createError:i}=e,c=new Set((({calls:e})=>Object.values(e).flatMap(e=>e&&"GET"!==e.method?[e.url]:[]))(e.settings.server)),a=new Set
;let u=!1;function d(){const e=r.currentId();if(0===e)throw i(u?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,e.copyRequest).then(s=>{if(Xe(e,s))return s;const i=e.handler.isRejected(s)
;return!1===i?s:(async(e,r,s,i)=>{if(!await i)return s;o("info","call-rejected",{status:s.status,token:r});const c=(e=>{
let t=2166136261;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0
})(I(e.request)),a=await U(t.tokenRejected(r,c),T(e.request))?e.copyRequest():void 0;if(!a)return s
;s.body?.cancel().catch(()=>{});const l=d(),u=await n(a,e.copyRequest)
;return!Xe(e,u)&&await e.handler.isRejected(u)&&await t.retryRejected(l,c),u})(e,r,s,i)})}return{fetch(n,o,i=e.handler){
let u;try{u=new s(n,o)}catch(e){return Promise.reject(e)}const d=I(u),h=R(v(u),"authorization")
;if(!r.allows(d)||c.has(d)||h)return l(u);const p=((e,t,r)=>{
const n="string"==typeof t?t:void 0,o=null!==m(e)&&!/^(GET|HEAD)$/.test(w(e)),i=o&&void 0===n?((e,t)=>{
if("ReadableStream"===(r=t,Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return
;var r;const n=O(e);if(null!=t)return n;try{return new s(O(n),Je),n}catch{return void m(n)?.cancel().catch(()=>{})}
})(e,t):void 0;return{request:e,handler:r,copyRequest(){if(o&&void 0===n)return i&&O(i);if(void 0===n)return new s(e)
;const t=_(e),r=j(e);return new s(e,{__proto__:null,body:n,referrer:t,referrerPolicy:r})}}
})(u,o?.body,(e=>!e||!1!==Fe(Fe(e).auth).retry)(o)?i:{...i,isRejected:()=>!1});return new Promise((e,n)=>{a.add(n),
(r.isFresh()?f(p):U(t.requestToken(0),T(u)).then(()=>f(p))).then(e,n).then(()=>a.delete(n))})},async getAccessToken(e){
await t.requestToken(e),d();const n=r.accessToken();if(!n)throw i("TOKEN_IN_COOKIE");return n},rejectAll(e){
u||="DISPOSED"===e;for(const t of a)t(i(e));a.clear()}}})({settings:r,client:e,tokens:y,
sendAuthorized:je(y,r.server.api,k,f),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new yt(e)}}),$={client(){return e},settings:r,tokens:y,users:p,requests:me({settings:r,
tokens:y,idempotencyKey(){return(e=>{const t=Re(e,"idempotency-key"),r=Se(t)?t:e.idempotencyKey||Ne();return De(e,r),r
})(c)},prover:k,cookies:f,remembered:d}),remembered:d,state:c,lock:N,crossTab:E,log:n,rejectCalls:A.rejectAll}
;return Object.freeze({...ct($),async sendAuthRequest(e,t,r,n){const o=void 0===t?void 0:{json:t,call:n
},{response:s,stated:i,failure:c,details:a}=await(async({settings:e,requests:t,state:r,log:n},o,s,i)=>{
const c=(t,r=!1)=>{const n=`${(({server:e,endpoints:t},r,n)=>{const o=e.calls[n?.call??r]
;return`${o?.method??"POST"} ${o?.url??t[r]}`})(e,o,s)}: ${t}`;var i;return r||(i=n,
at&&console.warn(`tokenward: ${i}`)),n};try{
const a=await t.send(o,s,i),{status:l,code:u="",message:d,found:f,retryAfterMs:h,isPage:p,body:y}=a,m=l>=200&&l<300,k=((e,{status:t,code:r="",message:n="",isPage:o,isRefusal:s,isStep:i},{over:c,notOver:a})=>{
const l=b(`${r} ${n}`);if("refresh"===e){if(it(a,t,l))return"request-fault";if(it(c,t,l))return"over"}
return i?"step-required":g(tt,r)?tt[r]:!(o||st(b(r),rt)||st(l,nt))||o&&"login"===e?"login"===e?st(l,ot)?"bad-credentials":void 0:s?"refused":void 0:"request-fault"
})(o,a,e.server),v=lt.includes(l)&&!p&&"request-fault"!==k;if((a.token||v)&&(e=>{null===Re(e,"asked")&&Ee(e,"asked","1")
})(r),(({token:e,expiresIn:t,jwtLifetime:r},n)=>{e&&Math.abs(t-r)>1&&n("warn","lifetimes-differ",{expiresIn:t,
jwtLifetime:r})})(a,n),n(m?"debug":"warn","auth-request",{endpoint:o,status:l,code:u.slice(0,40),retryAfterMs:h}),
m&&("logout"===o||"logoutAll"===o||a.token))return{response:a,details:""}
;const w=404===l||405===l?` (options.endpoints.${o})`:m?(({server:e},t,r)=>`; expected the member ${e.calls[t]?.answer.access?.join(" or ")} (options.server.answer or options.fields), found ${r}`)(e,s?.call??o,f):""
;return{response:a,stated:k,
details:c(`status ${l}${"step-required"===k?"":w}${d?`; the server says: ${d}`:""}`,"refresh"===o&&401===l||"step-required"===k),
body:y}}catch(e){const t=e instanceof pe;return n("warn","auth-request",{endpoint:o,
failed:t?"options.authHeaders":e?.name}),t&&z(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",
details:c("options.authHeaders failed",!0)}:{failure:"network-error",
details:"AbortError"===e?.name?"":c("no response: offline, server down, or CORS")}}
})($,e,o,r),{status:l,retryAfterMs:u,token:d,subject:f,renewable:h,expiresIn:p,jwtLifetime:y}=s??vt;return{status:l,
retryAfterMs:u,token:d,subject:f,renewable:h,expiresIn:p,jwtLifetime:y,...c&&{failure:c},details:a,code:i}},
abortAuthRequest:$.requests.abort,fetch(e,t){return A.fetch(e,t)},user(){return gt(y.profile().user)},jwtPayload(){
return Q(y.accessToken())},
getAccessToken:r.exposeToken?A.getAccessToken:()=>Promise.reject(new yt("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
N.close(),E.close(),A.rejectAll("DISPOSED")}})}var _t=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(o=>o.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(o=>o.send(e,t,r,n))}}
;export{yt as CallError,kt as clientName,mt as createOptions,wt as createPlatform};
