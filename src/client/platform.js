// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},o="document"in globalThis,{Request:s,Headers:a,XMLHttpRequest:c,URLSearchParams:i}=globalThis,{fetch:u}=globalThis,{parse:l,stringify:d}=JSON,{hasOwn:f}=Object,p=r(String.prototype.indexOf),h=r(String.prototype.slice),g=r(RegExp.prototype.exec),k=s?.prototype,y=n(k,"body"),b=n(k,"credentials"),w=n(k,"headers"),m=n(k,"method"),v=n(k,"referrer"),_=n(k,"referrerPolicy"),T=n(k,"signal"),j=n(k,"url"),R=k&&r(k.clone),S=a?.prototype,O=S&&r(S.set),E=S&&r(S.has),N=S&&r(S.delete),A=c?.prototype,x=A&&r(A.open),q=A&&r(A.send),D=A&&r(A.abort),P=A&&r(A.setRequestHeader),I=A&&r(A.getResponseHeader),M=A&&r(A.addEventListener),K=A&&r(Object.getOwnPropertyDescriptor(A,"withCredentials")?.set),L=n(A,"status"),H=n(A,"responseText"),U=n(A,"responseURL")
;function C(e,t){return t?new Promise((r,n)=>{const o=()=>n(t.reason);t.aborted&&o(),t.addEventListener("abort",o,{
once:!0}),e.then(r,n).finally(()=>t.removeEventListener("abort",o))}):e}function $(e,t,r){
O(w(e),"authorization",`${t} ${r}`)}function z(e,t){
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0}function F(e){try{return l(e)}catch{return null}}function B(e,t){let r=e
;for(const e of t.split(".")){if("object"!=typeof r||null===r||!f(r,e))return;r=r[e]}return r??void 0}function V(e){
const t=p(e,"."),r=p(e,".",t+1);return r>t&&t>0?h(e,t+1,r):""}
var G=/token[^":]*"\s*:/i,J=e=>"string"==typeof e?e:void 0,X=class extends Error{},W=e=>"function"==typeof e?.then
;function Q(e,t,r,n){const a="body"===e.transport;let l=()=>{};function f(r,o,s,c){
n?.learnNonce(e.endpoints[r],s("dpop-nonce"));const i=o>=200&&o<300,{issued:u,...l}=((e,t,r)=>{
const n=F(t),o=B(n,"error"),s=B(o,"message")??B(n,"error_description")??B(n,"message")??o,a=B(n,r.expiresIn),c=e?((e,t,r)=>{
const n=J(B(e,r.accessToken))??"";if(!n&&(!0!==B(e,"success")||g(G,t)))return;const o=B(e,r.user)??null,s=(e=>{try{
const t=atob(V(e).replace(/-/g,"+").replace(/_/g,"/")),r=F((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}})(n),a=B(o,"id")??B(o,"sub")??s?.sub;return{accessToken:n,
refreshToken:J(B(e,r.refreshToken))??"",user:o,claims:s,subject:void 0===a?void 0:String(a)}})(n,t,r):void 0;return{
code:J(B(o,"code")??B(n,"code")??o),message:J(s)?.slice(0,200),
expiresIn:Number("string"==typeof a?a.trim()||Number.NaN:a??Number.NaN),
jwtLifetime:Number(c?.claims?.exp)-Number(c?.claims?.iat),issued:c}})(i,c,e.fields);return u&&!a&&(u.refreshToken=""),{
...l,status:o,retryAfterMs:z(s("retry-after"),s("date")),token:u?t.receive(u,"refresh"===r):0,subject:u?.subject}}
return{send(p,h,g){const k=new AbortController;l=()=>k.abort()
;const y=g?AbortSignal.any([k.signal,g]):k.signal,b=(({authHeaders:e})=>{const t=e=>{throw new X("",{cause:e})};try{
const r=e?.();return W(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}
})(e),w=e.endpoints[p],m="refresh"===p,v="logout"===p||"logoutAll"===p,_="logoutAll"===p?t.accessToken():"",T=t.refreshToken(v),j=t=>{
const l=()=>{if(a&&m&&!T)return Promise.resolve(f(p,401,()=>null,""))
;const n=(({oauth2:e,clientId:t,fields:r},n,o,s,a)=>{if(e)return new i({__proto__:null,...o?{grant_type:"password",
...JSON.parse(o)}:a?{token:s,token_type_hint:"refresh_token"}:{grant_type:"refresh_token",...s&&{refresh_token:s}},
...t&&{client_id:t}});const c=r.refreshToken.replace(/.*\./,""),u=o??(s?d({__proto__:null,[c]:s}):null)
;return u&&n.set("content-type","application/json"),u})(e,t,h,T,v),l=m&&e.idempotencyKey&&r()
;if(l&&t.set("idempotency-key",l),!v)return((e,t,r,n,s)=>new Promise((a,i)=>{const u=new c;x(u,"POST",e),K(u,n),
t.forEach((e,t)=>{P(u,t,e)}),M(u,"loadend",()=>{const t=L(u),r=H(u),n=U(u)!==e,c={__proto__:null,
"retry-after":I(u,"retry-after"),date:I(u,"date"),"dpop-nonce":I(u,"dpop-nonce")};o&&x(u,"POST",e),D(u),
!t||n?i(s.reason??new TypeError("no response")):a(((e,t,r)=>f(p,e,e=>c[e]??null,r))(t,0,r))});const l=()=>D(u)
;s.addEventListener("abort",l),q(u,r),s.aborted&&l()}))(w,t,n,!a,y);const g=((e,t,r,n,o)=>new s(e,{__proto__:null,
method:"POST",headers:t,body:r,credentials:n?"omit":"include",cache:"no-store",redirect:"error",keepalive:!0,signal:o
}))(w,t,n,a,y);return _&&$(g,e.tokenScheme,_),(async(e,t)=>{const r=await u(e),n=await r.text()
;return f(t,r.status,e=>r.headers.get(e),n)})(g,p)};return n&&"logout"!==p?n.sendAuthRequest(t,w,_,l):l()}
;return W(b)?C(b,y).then(j):j(b)},abort(){return l()}}}var Y=(e,t,r)=>(n,o)=>{const a=r=>$(r,t,e.accessToken())
;if(e.accessToken()){if(r)return r.send(n,o,e,a);a(n)}else if("same-origin"===b(n))return u(new s(n,{
credentials:"include"}));return u(n)},Z={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",invalid_grant:"ended",
REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"},ee={accessToken:"",refreshToken:"",user:null,claims:null,
subject:void 0,isRefresh:!1},te={read(e){try{return localStorage.getItem(e)}catch{return}},write(e,t){try{
t?localStorage.setItem(e,t):localStorage.removeItem(e)}catch{}}
},re=/^[\x21-\x7e]{1,128}$/,ne=864e5,oe=e=>`tokenward:v1:${e}`,se=e=>"string"==typeof e&&re.test(e),ae=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),ce=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),ie=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function ue(e){const t=Number(ce(e,"not-before")??0)-Date.now();return t>0&&t<=ne?t:0}function le(e,t){
const r=ce(e,"sign-in-key");return void 0===r||t===e.known?"same":t===r?"current":"stale"}function de(e,t,r=!0){
e.known=t,r&&ie(e,"sign-in-key",t),ie(e,"probe-key")}function fe(e,t){e.idempotencyKey=t,ie(e,"idempotency-key",t)}
function pe({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}function he({request:e,body:t,copy:r}){if(r)return R(r);if(null==t)return new s(e)
;if(t instanceof ReadableStream||Symbol.asyncIterator in Object(t))return;t instanceof FormData&&N(w(e),"content-type")
;const n=v(e);return new s(e,{body:t,referrer:n,referrerPolicy:_(e)})}
var ge=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],ke=["no-session","logout","expired","revoked","token-reused","other-tab"],ye=(e,t)=>"number"==typeof t&&t>=0&&t<=e
;function be(e,t){const{client:r,tokens:n,state:o,lock:s,crossTab:a,log:c}=e,i=(e,t,n=0)=>{
c(e?"warn":"debug","lock-requested",{steal:e}),s.request(e,n,()=>r().lockGranted(t))};return{setToken(e,t){
c("debug","token-set",{token:e,freshForMs:t}),n.set(e,t)},blockCalls:n.block,clearTokens:n.clear,discardToken:n.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=ce(e,"sign-in-key")
;return void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other"})(o)},isRevocationPending(){
return(e=>e.unstoredRevocation||"1"===ce(e,"pending-revocation"))(o)},notBeforeWait(){return ue(o)},storeNewKey(){
return(e=>{de(e,ae()),fe(e,ae())})(o)},adoptStoredKey(){return(e=>{const t=ce(e,"sign-in-key"),r=se(t)?t:e.known||ae()
;de(e,r,t!==r)})(o)},useProbeKey(){return(e=>{const t=ce(e,"probe-key");e.known||=se(t)?t:ae(),ie(e,"probe-key",e.known)
})(o)},removeKey(){return(e=>{const t=ce(e,"sign-in-key"),r=t&&t!==e.known;de(e,void 0,!r),r||fe(e,void 0)})(o)},
replaceIdempotencyKey(){return(e=>{const t=ce(e,"idempotency-key");t&&t!==e.idempotencyKey||fe(e,ae())})(o)},
storePendingRevocation(){return(e=>{ie(e,"pending-revocation","1"),e.unstoredRevocation="1"!==ce(e,"pending-revocation")
})(o)},clearPendingRevocation(){(e=>{ie(e,"pending-revocation"),e.unstoredRevocation=!1})(o),n.forgetRevoked()},
storeNotBefore(e){return((e,t)=>ie(e,"not-before",String(Date.now()+Math.min(Math.max(t,ue(e)),ne))))(o,e)},
clearNotBefore(){return(e=>ie(e,"not-before"))(o)},requestLock(e){return i(!1,e)},requestSettledLock(e){
return i(!1,e,250)},stealLock(e){return i(!0,e)},releaseLock:s.release,broadcast(e,r,n,o,s){
const c="refresh-failed"===e?{waitMs:Math.min(o,ne),failures:s}:n?{reason:n}:{subject:t[r-1]};a.broadcast({type:e,...c})
}}}var we={login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},me={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},ve={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},_e={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function Te(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))Te(t)}return e}
var je=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.serverMessage=n}code;status;retryAfterMs;serverMessage},Re=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}}),Se={code:void 0,message:void 0,status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,
jwtLifetime:Number.NaN,subject:0};function Oe(e,t){const r=(e=>{
const t=globalThis.location?.origin,r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,o={...n?me:we,
...e.endpoints};for(const e of Object.keys(o))o[e]=new URL(o[e],r).href
;const s=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:a,dpop:c=!1,renewBeforeSeconds:i=60,timeoutSeconds:u=10}=e
;return{transport:n?"body":"cookie",clientId:void 0,tokenScheme:c?"DPoP":"Bearer",idempotencyKey:r.origin===t,
restore:"auto",crossTab:!0,name:"default",isolation:"page",exposeToken:!1,shouldRefresh:void 0,onLog:void 0,...e,dpop:c,
oauth2:n,endpoints:o,fields:{...n?_e:ve,...e.fields},origins:[...new Set(s)].filter(e=>e&&"null"!==e).map(e=>`${e}/`),
authHeaders:"function"==typeof a?a:a&&(()=>a),renewBeforeMs:1e3*i,timeoutMs:1e3*u}})(e),n=(e=>{const t=[],r=r=>{
Object.freeze(r.detail),t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&queueMicrotask(()=>e(r))}
;return Object.assign((e,t,n)=>r({at:Date.now(),level:e,event:t,...n&&{detail:n}}),{add:r,
entries:()=>Object.freeze([...t])})})(r.onLog),o="cookie"===r.transport,a=o&&r.crossTab,c=(i=r.name,l=o?te:void 0,{
prefix:oe(i),store:l,known:void 0,idempotencyKey:void 0,unstoredRevocation:!1});var i,l;const d=(e=>{let t={
__proto__:null},r=0,n=0,o=ee,s=0,a="",c=0,i=0;return{receive(e,n){return r+=1,t[r]={...e,isRefresh:n},r},set(e,r){
const a=t[e];if(a){t={__proto__:null}
;const{refreshToken:r,user:c,subject:i}=o,u=a.isRefresh&&(a.subject??i)===(i??a.subject);o=u?{...a,
refreshToken:a.refreshToken||r,user:a.user??c}:a,u||(s+=1),n=e}c=performance.now()+r,i=Date.now()+r},block(){c=0},
clear(){a=o.refreshToken||a,n=0,s+=1,o=ee,c=0,t={__proto__:null}},discard(e){delete t[e]},forgetRevoked(){a=""},
currentId:()=>n,profile:()=>({user:o.user,claims:o.claims}),isFresh:()=>performance.now()<c&&Date.now()<i,allows(t){
for(let r=0;r<e.length;r+=1)if(0===p(t,e[r]))return!0;return!1},generation:()=>s,accessToken:()=>o.accessToken,
refreshToken:e=>o.refreshToken||(e?a:"")}})(r.origins),f=t&&new Ee(t),h=e=>e(),g=((e,t,r)=>{
const n=t?globalThis.navigator?.locks:void 0;let o=()=>{};return{request(t,s,a){o()
;const c=new AbortController,{signal:i}=c,u=()=>r(()=>i.aborted||a()),l=()=>s>0?setTimeout(u,s):u()
;if(!n)return o=()=>c.abort(),queueMicrotask(l);const d=new Promise(e=>{o=()=>{c.abort(),e()}});n.request(e,t?{steal:t
}:{signal:i},()=>(l(),d)).catch(({name:e})=>"AbortError"===e||l())},release:()=>r(o),close:()=>o()}
})(c.prefix,a,h),k=[],b=e=>void 0===e?0:k.indexOf(e)+1||k.push(e),v=((t,r,o,s)=>{let a;const c=r?(t=>{
if(!globalThis.BroadcastChannel)return;const r=new BroadcastChannel(t);return r.onmessage=({data:t})=>{const r=(e=>{
const{v:t,type:r,key:n="-",subject:o="",reason:s,waitMs:a=0,failures:c=0}=e??{}
;return 1===t&&ge.includes(r)&&se(n)&&"string"==typeof o&&("signed-out"!==r||ke.includes(s))&&ye(ne,a)&&ye(65535,c)?e:void 0
})(t);r&&(t=>{const r=()=>(({type:t,subject:r,reason:o,waitMs:s=0,failures:a=0},c)=>{n("debug","message-received",{
type:t,relation:c,waitMs:s,failures:a}),e.messageReceived(c,t,b(r),o,s,a)})(t,le(o,t.key));s(()=>{
"signed-in"===t.type&&"stale"===le(o,t.key)?a=setTimeout(()=>s(r),250):r()})})(r)},r})(t):void 0;return{broadcast(e){
const t={...e,v:1,key:o.known};c&&s(()=>c.postMessage(t))},close(){clearTimeout(a),c?.close()}}
})(c.prefix,a,c,h),_=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:o,createError:a}=e,c=new Set(Object.values(e.settings.endpoints)),i=new Set
;let l=!1;function d(){const e=r.currentId();if(0===e)throw a(l?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,()=>he(e)).then(s=>{if(pe(e,s))return s;const a=e.handler.isRejected(s)
;return!1===a?s:(async(e,r,s,a)=>{if(!await a)return s;o("info","call-rejected",{status:s.status,token:r})
;const c=await C(t.tokenRejected(r),T(e.request))?he(e):void 0;if(!c)return s;s.body?.cancel().catch(()=>{})
;const i=d(),u=await n(c,()=>he(e));return!pe(e,u)&&await e.handler.isRejected(u)&&await t.retryRejected(i),u})(e,r,s,a)
})}return{fetch(n,o,a=e.handler){let l;try{l=new s(n,o)}catch(e){return Promise.reject(e)}
const d=j(l),p=E(w(l),"authorization");if(!r.allows(d)||c.has(d)||p)return u(l);const h=((e,t,r)=>({request:e,body:t,
copy:null!=t||null===y(e)||/^(GET|HEAD)$/.test(m(e))?void 0:R(e),handler:r}))(l,o?.body,a);return new Promise((e,n)=>{
i.add(n),(r.isFresh()?f(h):C(t.requestToken(0),T(l)).then(()=>f(h))).then(e,n).then(()=>i.delete(n))})},
async getAccessToken(e){await t.requestToken(e),d();const n=r.accessToken();if(!n)throw a("TOKEN_IN_COOKIE");return n},
rejectAll(e){l||="DISPOSED"===e;for(const t of i)t(a(e));i.clear()}}})({settings:r,client:e,tokens:d,
sendAuthorized:Y(d,r.tokenScheme,f),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new je(e)}}),S={client(){return e},tokens:d,requests:Q(r,d,()=>(e=>{
const t=ce(e,"idempotency-key"),r=se(t)?t:e.idempotencyKey||ae();return fe(e,r),r})(c),f),state:c,lock:g,crossTab:v,
log:n,rejectCalls:_.rejectAll};return Object.freeze({...be(S,k),async sendAuthRequest(e,t,r){
const n=await(async({requests:e,log:t},r,n)=>{try{
const o=await e.send(r,n?.credentials,n?.signal),{status:s,code:a,retryAfterMs:c}=o
;return t(s<400?"debug":"warn","auth-request",{endpoint:r,status:s,code:a?.slice(0,40),retryAfterMs:c}),o}catch(e){
const n=e instanceof X;return t("warn","auth-request",{endpoint:r,failed:n?"options.authHeaders":e?.name}),
n&&queueMicrotask(()=>{if(e.cause)throw e.cause}),n?"not-sent":"network-error"}})(S,e,{credentials:t,signal:r})
;return"string"==typeof n?{...Se,failure:n}:{...n,code:(o=n.code??"",Object.hasOwn(Z,o)?Z[o]:void 0),
subject:b(n.subject)};var o},abortAuthRequest:S.requests.abort,fetch(e,t){return _.fetch(e,t)},user(){
return Te(d.profile().user)},jwtPayload(){return V(d.accessToken())},
getAccessToken:r.exposeToken?_.getAccessToken:()=>Promise.reject(new je("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
g.close(),v.close(),_.rejectAll("DISPOSED")}})}var Ee=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(o=>o.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(o=>o.send(e,t,r,n))}}
;export{je as CallError,Re as createOptions,Oe as createPlatform};
