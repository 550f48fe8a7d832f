// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},o="document"in globalThis,{Request:s,Headers:i,XMLHttpRequest:a,URLSearchParams:c}=globalThis,{fetch:u}=globalThis,{parse:l,stringify:d}=JSON,{keys:f}=Object,h=r(String.prototype.indexOf),p=r(String.prototype.slice),g=r(String.prototype.toLowerCase),y=r(Object.prototype.hasOwnProperty),b=s?.prototype,k=n(b,"body"),m=n(b,"credentials"),v=n(b,"headers"),w=n(b,"method"),_=n(b,"referrer"),T=n(b,"referrerPolicy"),j=n(b,"signal"),O=n(b,"url"),R=b&&r(b.clone),S=i?.prototype,E=S&&r(S.set),N=S&&r(S.has),A=(S&&r(S.delete),
a?.prototype),$=A&&r(A.open),x=A&&r(A.send),q=A&&r(A.abort),I=A&&r(A.setRequestHeader),P=A&&r(A.getAllResponseHeaders),D=A&&r(A.addEventListener),M=A&&r(Object.getOwnPropertyDescriptor(A,"withCredentials")?.set),L=n(A,"status"),K=n(A,"responseText"),H=n(A,"responseURL"),C=e=>e.reason??new DOMException("the call was aborted","AbortError"),U=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function z(e,t){return t?new Promise((r,n)=>{
const o=()=>n(C(t))
;t.aborted&&o(),t.addEventListener("abort",o),e.then(r,n).finally(()=>t.removeEventListener("abort",o))}):e}
function F(e,t,r){E(v(e),"authorization",`${t} ${r}`)}function B(e,t){
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0}function J(e){try{return l(e)}catch{return null}}function V(e,t){let r=e
;for(const e of t.split(".")){if("object"!=typeof r||null===r||!y(r,e))return;r=r[e]}return r??void 0}function G(e){
const t=h(e,"."),r=h(e,".",t+1);return r>t&&t>0?p(e,t+1,r):""}
var X=e=>void 0===e?void 0:String(e),W=e=>"string"==typeof e?e:void 0,Q=(e,t)=>({userId:X(V(e,"id")),
sub:X(V(e,"sub")??V(t,"sub"))});function Y(e,t,r){
const n=J(t),o=V(n,"error"),s=V(o,"message")??V(n,"error_description")??V(n,"message")??V(n,"detail")??V(n,"msg")??o,i=V(n,r.expiresIn),a=e?((e,t)=>{
const r=W(V(e,t.accessToken))??"";if(!r&&(!0!==V(e,"success")||ee(e,8)))return;const n=V(e,t.user)??null,o=(e=>{try{
const t=atob(G(e).split("-").join("+").split("_").join("/")),r=J((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}})(r);return{accessToken:r,refreshToken:W(V(e,t.refreshToken))??"",
user:n,claims:o,identity:Q(n,o)}})(n,r):void 0;return{code:W(V(o,"code")??V(n,"code")??o),message:W(s)?.slice(0,200),
expiresIn:Number("string"==typeof i?i.trim()||Number.NaN:i??Number.NaN),
jwtLifetime:Number(V(a?.claims,"exp"))-Number(V(a?.claims,"iat")),issued:a,found:e&&!a?Z(n)||"no JSON object":""}}
function Z(e,t=""){if("object"!=typeof e||null===e)return"";let r="";const n=f(e);for(let o=0;o<n.length&&o<20;o+=1){
const s=p(n[o],0,40);r+=`${r&&", "}${(t?"":Z(e[s],`${s}.`))||t+s}`}return r}function ee(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=f(e);for(let n=0;n<r.length;n+=1){const o=g(r[n])
;if(h(o,"token")>=0&&h(o,"csrf")<0&&h(o,"xsrf")<0||ee(e[r[n]],t-1))return!0}return!1}
var te=class extends Error{},re=e=>"function"==typeof e?.then;function ne(e,t,r,n){const i="body"===e.transport
;let l=()=>{};function f(r,o,s,a){n?.learnNonce(e.endpoints[r],s("dpop-nonce"))
;const c=o>=200&&o<300,{issued:u,...l}=Y(c,a,e.fields);return u&&!i&&(u.refreshToken=""),{...l,status:o,
retryAfterMs:B(s("retry-after"),s("date")),...u?t.receive(u,"refresh"===r):{token:0,subject:0}}}return{send(g,y,b){
const k=new AbortController;l=()=>k.abort();const{signal:m}=k;b?.aborted&&k.abort(C(b)),
b?.addEventListener("abort",()=>k.abort(C(b)),{signal:m});const v=(({authHeaders:e})=>{const t=e=>{throw new te("",{
cause:e})};try{const r=e?.();return re(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){
return t(e)}
})(e),w=e.endpoints[g],_="refresh"===g,T="logout"===g||"logoutAll"===g,j=T?t.accessToken():"",O=t.refreshToken(T),R=t=>{
const l=()=>{if(i&&_&&!O)return Promise.resolve(f(g,401,()=>null,""))
;const n=(({oauth2:e,clientId:t,fields:r},n,o,s,i)=>{if(e)return new c({__proto__:null,...o?{grant_type:"password",
...JSON.parse(o)}:i?{token:s,token_type_hint:"refresh_token"}:{grant_type:"refresh_token",...s&&{refresh_token:s}},
...t&&{client_id:t}});const a=r.refreshToken.replace(/.*\./,""),u=o??(s?d({__proto__:null,[a]:s}):null)
;return u&&n.set("content-type","application/json"),u})(e,t,y,O,T),l=_&&e.idempotencyKey&&r()
;if(l&&t.set("idempotency-key",l),!T)return((e,t,r,n,s)=>new Promise((i,c)=>{const u=new a;$(u,"POST",e),M(u,n),
t.forEach((e,t)=>{I(u,t,e)}),D(u,"loadend",()=>{const t=L(u),r=K(u),n=H(u)!==e,a=P(u);o&&$(u,"POST",e),q(u),
!t||n?c(s.reason??new TypeError("no response")):i(((e,t,r)=>f(g,e,t,r))(t,e=>((e,t)=>{
const r=`\r\n${e}`,n=h(r,`\r\n${t}: `),o=n+t.length+4;return n<0?null:p(r,o,h(r,"\r\n",o))})(a,e),r))});const l=()=>q(u)
;s.addEventListener("abort",l),x(u,r),s.aborted&&l()}))(w,t,n,!i,m);const b=r=>{const o=((e,t,r,n,o)=>new s(e,{
__proto__:null,method:"POST",headers:t,body:r,credentials:n?"omit":"include",cache:"no-store",redirect:"error",
keepalive:!0,signal:o}))(w,t,n,i,m);return r&&F(o,e.tokenScheme,j),(async(e,t)=>{const r=await u(e),n=await r.text()
;return f(t,r.status,e=>r.headers.get(e),n)})(o,g)}
;return"logoutAll"===g?b(""!==j):b(!1).then(t=>401===t.status&&j&&!e.oauth2?b(!0):t)}
;return n&&"logout"!==g?n.sendAuthRequest(t,w,j,l):l()};return re(v)?z(v,m).then(R):R(v)},abort(){return l()}}}
var oe=(e,t,r)=>(n,o)=>{const i=r=>F(r,t,e.accessToken());if(e.accessToken()){if(r)return r.send(n,o,e,i);i(n)
}else if("same-origin"===m(n))return u(new s(n,{__proto__:null,credentials:"include"}));return u(n)
},se=globalThis.performance??Date,ie=()=>se.now(),ae={accessToken:"",refreshToken:"",user:null,claims:null,identity:{},
subject:0,isRefresh:!1};function ce(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var ue={read(e){try{
return localStorage.getItem(e)}catch{return}},write(e,t){try{t?localStorage.setItem(e,t):localStorage.removeItem(e)
}catch{}}},le=e=>({__proto__:null,...e
}),de=/^[\x21-\x7e]{1,128}$/,fe=864e5,he=e=>`tokenward:v1:${e}`,pe=e=>"string"==typeof e&&de.test(e),ge=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),ye=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),be=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function ke(e){const t=Number(ye(e,"not-before")??0)-Date.now();return t>0&&t<=fe?t:0}
var me=e=>e.unstoredRevocation||"1"===ye(e,"pending-revocation");function ve(e,t,r=!0){e.known=t,
r&&be(e,"sign-in-key",t),be(e,"probe-key")}function we(e,t){e.idempotencyKey=t,be(e,"idempotency-key",t)}var _e={
__proto__:null,method:"POST",mode:"no-cors",cache:"default",integrity:""};function Te({handler:e},t){
if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var je=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],Oe=["no-session","logout","expired","revoked","token-reused","other-tab"],Re=(e,t)=>"number"==typeof t&&t>=0&&t<=e,Se=[250,2e3]
;function Ee(e,t,r,n,o){let s=!1;const i=(e,t)=>{if(s)return;const a=((e,t)=>{const r=ye(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:c,waitMs:u=0}=e,l="refresh-failed"===c&&(e=>void 0!==ye(e,"sign-in-key"))(r)?ke(r):u,d="signed-in"===c&&"stale"===a,f="signed-out"===c&&"same"===a&&(e=>!!e.known&&ye(e,"sign-in-key")===e.known)(r)||u>0&&0===l,h=Se[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||o(le({...e,waitMs:Math.min(u,l)}),a)},a=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=le(e),{v:r,type:n,key:o="-",userId:s="",sub:i="",reason:a,waitMs:c=0,failures:u=0}=t
;return 1===r&&je.includes(n)&&pe(o)&&"string"==typeof s&&"string"==typeof i&&("signed-out"!==n||Oe.includes(a))&&Re(fe,c)&&Re(65535,u)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;a&&n(()=>a.postMessage(t))},close(){s=!0,a?.close()}}}var Ne={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},Ae=/^(invalid|unauthorized)_client$|csrf|xsrf/i,$e=/credential|password|invalid.(grant|login|user|email)|(user|email|account).not.found/i
;function xe(e){const{client:t,tokens:r,users:n,state:o,lock:s,crossTab:i,log:a}=e,c=(e,r,n=0)=>{
a(e?"warn":"debug","lock-requested",{steal:e}),s.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
a("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=ye(e,"sign-in-key")
;return null!==t||e.known||null!==ye(e,"asked")||me(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(o)},isRevocationPending(){return me(o)},notBeforeWait(){return ke(o)},storeNewKey(){return(e=>{ve(e,ge()),we(e,ge())
})(o)},adoptStoredKey(){return(e=>{const t=ye(e,"sign-in-key"),r=pe(t)?t:e.known||ge();ve(e,r,t!==r)})(o)},
useProbeKey(){return(e=>{const t=ye(e,"probe-key");e.known||=pe(t)?t:ge(),be(e,"probe-key",e.known)})(o)},removeKey(){
return(e=>{const t=ye(e,"sign-in-key"),r=t&&t!==e.known;ve(e,void 0,!r),r||we(e,void 0)})(o)},replaceIdempotencyKey(){
return(e=>{const t=ye(e,"idempotency-key");t&&t!==e.idempotencyKey||we(e,ge())})(o)},storePendingRevocation(){
return(e=>{be(e,"pending-revocation","1"),e.unstoredRevocation="1"!==ye(e,"pending-revocation")})(o)},
clearPendingRevocation(){(e=>{be(e,"pending-revocation"),e.unstoredRevocation=!1})(o),r.forgetRevoked()},
storeNotBefore(e){return((e,t)=>be(e,"not-before",String(Date.now()+Math.min(Math.max(t,ke(e)),fe))))(o,e)},
clearNotBefore(){return(e=>be(e,"not-before"))(o)},requestLock(e){return c(!1,e)},requestSettledLock(e){
return c(!1,e,250)},stealLock(e){return c(!0,e)},releaseLock:s.release,broadcast(e,t,r,o,s){
const a="refresh-failed"===e?{waitMs:Math.min(o,fe),failures:s}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...a})}
}}var qe=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??""),Ie={
login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},Pe={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},De={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},Me={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function Le(e){const t=(()=>{
const e=globalThis.location?.origin;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,o={...n?Pe:Ie,...e.endpoints}
;for(const e of Object.keys(o))o[e]=Ke(o[e],r)
;const s=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:i,dpop:a=!1,renewBeforeSeconds:c=60,timeoutSeconds:u=10}=e
;return{transport:n?"body":"cookie",clientId:void 0,tokenScheme:a?"DPoP":"Bearer",
idempotencyKey:new URL(o.refresh).origin===t,restore:"auto",crossTab:!0,
name:o.refresh===`${t}${Ie.refresh}`?"default":o.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,dpop:a,oauth2:n,endpoints:o,fields:{...n?Me:De,...e.fields},
origins:[...new Set(s)].filter(e=>e).map(e=>`${e}/`),authHeaders:"function"==typeof i?i:i&&(()=>i),renewBeforeMs:1e3*c,
timeoutMs:1e3*u}}function Ke(e,t){const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function He(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))He(t)}return e}
var Ce=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},Ue=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}}),ze=e=>Le(e).name,Fe={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,jwtLifetime:Number.NaN,
subject:0};function Be(e,t){const r=Le(e),n=(e=>{const t=[],r=r=>{Object.freeze(r.detail),t.push(Object.freeze(r)),
t.length>100&&t.shift(),e&&U(()=>e(r))};return Object.assign((e,t,n)=>r({at:Date.now(),level:e,event:t,...n&&{detail:n}
}),{add:r,entries:()=>Object.freeze([...t])})})(r.onLog),o="cookie"===r.transport,i=o&&r.crossTab,a=(c=r.name,
l=o?ue:void 0,{prefix:he(c),store:l,known:void 0,idempotencyKey:void 0,unstoredRevocation:!1});var c,l;const d=(()=>{
const e=[];return{numberOf(t,r,n){const{userId:o,sub:s}=t;if(void 0===o&&void 0===s)return 0;const i=e[r-1],a=i&&ce(i,t)
;let c=a?r:e.findIndex(e=>ce(e,t))+1;if(n&&c)return c;if(!c&&i&&void 0===a){if(n)return 0;c=r}c||=e.push({})
;const{userId:u=o,sub:l=s}=e[c-1];return e[c-1]={userId:u,sub:l},c},identityOf:t=>e[t-1]}})(),f=((e,t)=>{let r={
__proto__:null},n=0,o=0,s=ae,i=0,a=0,c="",u=0,l=0;return{receive(e,o){n+=1;const s=t.numberOf(e.identity,o?i:0)
;return r[n]={...e,isRefresh:o,subject:s},{token:n,subject:s}},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:c,subject:u}=s,l=n.isRefresh&&(n.subject||u)===(u||n.subject);s=l?{...n,
refreshToken:n.refreshToken||t,user:n.user??c,subject:n.subject||u}:n,i=s.subject,l||(a+=1),o=e}u=ie()+t,l=Date.now()+t
},block(){u=0},clear(){c=s.refreshToken||c,o=0,a+=1,s=ae,u=0,r={__proto__:null}},discard(e){delete r[e]},
forgetRevoked(){c=""},currentId:()=>o,subject:()=>i,profile:()=>({user:s.user,claims:s.claims}),
isFresh:()=>ie()<u&&Date.now()<l,allows(t){for(let r=0;r<e.length;r+=1)if(0===h(t,e[r]))return!0;return!1},
generation:()=>a,accessToken:()=>s.accessToken,refreshToken:e=>s.refreshToken||(e?c:"")}
})(r.origins,d),p=t&&new Je(t),g=e=>e(),b=((e,t,r)=>{const n=t?globalThis.navigator?.locks:void 0;let o=()=>{};return{
request(t,s,i){o();const a=new AbortController,{signal:c}=a,u=()=>r(()=>c.aborted||i()),l=()=>s>0?setTimeout(u,s):u()
;if(!n)return o=()=>a.abort(),U(l);const d=new Promise(e=>{o=()=>{a.abort(),e()}});n.request(e,le(t?{steal:t}:{signal:c
}),()=>(l(),d)).catch(({name:e})=>"AbortError"===e||l())},release:()=>r(o),close:()=>o()}
})(a.prefix,i,g),m=Ee(a.prefix,i,a,g,(t,r)=>{const{type:o,reason:s,waitMs:i=0,failures:a=0}=t
;n("debug","message-received",{type:o,relation:r,waitMs:i,failures:a});const c=d.numberOf(t,f.subject(),!0)
;e.messageReceived(r,o,c,s,i,a)}),S=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:o,createError:i}=e,a=new Set(Object.values(e.settings.endpoints)),c=new Set
;let l=!1;function d(){const e=r.currentId();if(0===e)throw i(l?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,e.copyRequest).then(s=>{if(Te(e,s))return s;const i=e.handler.isRejected(s)
;return!1===i?s:(async(e,r,s,i)=>{if(!await i)return s;o("info","call-rejected",{status:s.status,token:r});const a=(e=>{
let t=2166136261;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0
})(O(e.request)),c=await z(t.tokenRejected(r,a),j(e.request))?e.copyRequest():void 0;if(!c)return s
;s.body?.cancel().catch(()=>{});const u=d(),l=await n(c,e.copyRequest)
;return!Te(e,l)&&await e.handler.isRejected(l)&&await t.retryRejected(u,a),l})(e,r,s,i)})}return{fetch(n,o,i=e.handler){
let l;try{l=new s(n,o)}catch(e){return Promise.reject(e)}const d=O(l),h=N(v(l),"authorization")
;if(!r.allows(d)||a.has(d)||h)return u(l);const p=((e,t,r)=>{
const n="string"==typeof t?t:void 0,o=null!==k(e)&&!/^(GET|HEAD)$/.test(w(e)),i=o&&void 0===n?((e,t)=>{
if("ReadableStream"===(r=t,Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return
;var r;const n=R(e);if(null!=t)return n;try{return new s(R(n),_e),n}catch{return void k(n)?.cancel().catch(()=>{})}
})(e,t):void 0;return{request:e,handler:r,copyRequest(){if(o&&void 0===n)return i&&R(i);if(void 0===n)return new s(e)
;const t=_(e),r=T(e);return new s(e,{__proto__:null,body:n,referrer:t,referrerPolicy:r})}}
})(l,o?.body,(e=>!e||!1!==le(le(e).auth).retry)(o)?i:{...i,isRejected:()=>!1});return new Promise((e,n)=>{c.add(n),
(r.isFresh()?f(p):z(t.requestToken(0),j(l)).then(()=>f(p))).then(e,n).then(()=>c.delete(n))})},async getAccessToken(e){
await t.requestToken(e),d();const n=r.accessToken();if(!n)throw i("TOKEN_IN_COOKIE");return n},rejectAll(e){
l||="DISPOSED"===e;for(const t of c)t(i(e));c.clear()}}})({settings:r,client:e,tokens:f,
sendAuthorized:oe(f,r.tokenScheme,p),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new Ce(e)}}),E={client(){return e},settings:r,tokens:f,users:d,requests:ne(r,f,()=>(e=>{
const t=ye(e,"idempotency-key"),r=pe(t)?t:e.idempotencyKey||ge();return we(e,r),r})(a),p),state:a,lock:b,crossTab:m,
log:n,rejectCalls:S.rejectAll};return Object.freeze({...xe(E),async sendAuthRequest(e,t,r){
const{response:n,stated:o,...s}=await(async({settings:e,requests:t,state:r,log:n},o,s)=>{const i=(t,r=!1)=>{
const n=`POST ${e.endpoints[o]}: ${t}`;var s;return r||(s=n,qe&&console.warn(`tokenward: ${s}`)),n};try{
const a=await t.send(o,s?.credentials,s?.signal),{status:c,code:u="",message:l,found:d,retryAfterMs:f}=a,h=c>=200&&c<300,p=401===c||(400===c||403===c)&&""!==u,g=((e,{code:t="",message:r=""})=>y(Ne,t)?Ne[t]:Ae.test(t)?"request-fault":"login"===e&&$e.test(`${t} ${r}`)?"bad-credentials":void 0)(o,a)
;return(a.token||p&&"request-fault"!==g)&&(e=>{null===ye(e,"asked")&&be(e,"asked","1")})(r),
n(h?"debug":"warn","auth-request",{endpoint:o,status:c,code:u.slice(0,40),retryAfterMs:f}),
h&&("logout"===o||"logoutAll"===o||a.token)?{response:a,details:""}:{response:a,stated:g,
details:i(`status ${c}${404===c||405===c?` (options.endpoints.${o})`:h?`; expected the member ${e.fields.accessToken} (options.fields), found ${d}`:""}${l?`; the server says: ${l}`:""}`,"refresh"===o&&401===c)
}}catch(e){const t=e instanceof te;return n("warn","auth-request",{endpoint:o,failed:t?"options.authHeaders":e?.name}),
t&&U(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",details:i("options.authHeaders failed",!0)}:{
failure:"network-error",details:"AbortError"===e?.name?"":i("no response: offline, server down, or CORS")}}})(E,e,{
credentials:t,signal:r});return{...n??Fe,...s,code:o}},abortAuthRequest:E.requests.abort,fetch(e,t){return S.fetch(e,t)
},user(){return He(f.profile().user)},jwtPayload(){return G(f.accessToken())},
getAccessToken:r.exposeToken?S.getAccessToken:()=>Promise.reject(new Ce("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
b.close(),m.close(),S.rejectAll("DISPOSED")}})}var Je=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(o=>o.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(o=>o.send(e,t,r,n))}}
;export{Ce as CallError,ze as clientName,Ue as createOptions,Be as createPlatform};
