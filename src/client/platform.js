// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},o="document"in globalThis,{Request:s,Headers:a,XMLHttpRequest:c,URLSearchParams:i}=globalThis,{fetch:u}=globalThis,{parse:l,stringify:d}=JSON,f=r(String.prototype.indexOf),p=r(String.prototype.slice),h=r(Object.prototype.hasOwnProperty),g=r(RegExp.prototype.exec),y=s?.prototype,k=n(y,"body"),b=n(y,"credentials"),w=n(y,"headers"),m=n(y,"method"),v=n(y,"referrer"),_=n(y,"referrerPolicy"),T=n(y,"signal"),j=n(y,"url"),R=y&&r(y.clone),E=a?.prototype,S=E&&r(E.set),O=E&&r(E.has),N=E&&r(E.delete),A=c?.prototype,x=A&&r(A.open),D=A&&r(A.send),P=A&&r(A.abort),q=A&&r(A.setRequestHeader),I=A&&r(A.getResponseHeader),M=A&&r(A.addEventListener),L=A&&r(Object.getOwnPropertyDescriptor(A,"withCredentials")?.set),K=n(A,"status"),H=n(A,"responseText"),U=n(A,"responseURL"),$=e=>e.reason??new DOMException("the call was aborted","AbortError"),z=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function C(e,t){return t?new Promise((r,n)=>{
const o=()=>n($(t));t.aborted&&o(),t.addEventListener("abort",o,{once:!0
}),e.then(r,n).finally(()=>t.removeEventListener("abort",o))}):e}function F(e,t,r){S(w(e),"authorization",`${t} ${r}`)}
function B(e,t){const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0}function V(e){try{return l(e)}catch{return null}}function G(e,t){let r=e
;for(const e of t.split(".")){if("object"!=typeof r||null===r||!h(r,e))return;r=r[e]}return r??void 0}function J(e){
const t=f(e,"."),r=f(e,".",t+1);return r>t&&t>0?p(e,t+1,r):""}
var X=/token[^":]*"\s*:/i,W=e=>"string"==typeof e?e:void 0,Q=class extends Error{},Y=e=>"function"==typeof e?.then
;function Z(e,t,r,n){const a="body"===e.transport;let l=()=>{};function f(r,o,s,c){
n?.learnNonce(e.endpoints[r],s("dpop-nonce"));const i=o>=200&&o<300,{issued:u,...l}=((e,t,r)=>{
const n=V(t),o=G(n,"error"),s=G(o,"message")??G(n,"error_description")??G(n,"message")??o,a=G(n,r.expiresIn),c=e?((e,t,r)=>{
const n=W(G(e,r.accessToken))??"";if(!n&&(!0!==G(e,"success")||g(X,t)))return;const o=G(e,r.user)??null,s=(e=>{try{
const t=atob(J(e).replace(/-/g,"+").replace(/_/g,"/")),r=V((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}})(n),a=G(o,"id")??G(o,"sub")??s?.sub;return{accessToken:n,
refreshToken:W(G(e,r.refreshToken))??"",user:o,claims:s,subject:void 0===a?void 0:String(a)}})(n,t,r):void 0;return{
code:W(G(o,"code")??G(n,"code")??o),message:W(s)?.slice(0,200),
expiresIn:Number("string"==typeof a?a.trim()||Number.NaN:a??Number.NaN),
jwtLifetime:Number(c?.claims?.exp)-Number(c?.claims?.iat),issued:c}})(i,c,e.fields);return u&&!a&&(u.refreshToken=""),{
...l,status:o,retryAfterMs:B(s("retry-after"),s("date")),token:u?t.receive(u,"refresh"===r):0,subject:u?.subject}}
return{send(p,h,g){const y=new AbortController;l=()=>y.abort();const{signal:k}=y;g?.aborted&&y.abort($(g)),
g?.addEventListener("abort",()=>y.abort($(g)),{signal:k});const b=(({authHeaders:e})=>{const t=e=>{throw new Q("",{
cause:e})};try{const r=e?.();return Y(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){
return t(e)}
})(e),w=e.endpoints[p],m="refresh"===p,v="logout"===p||"logoutAll"===p,_="logoutAll"===p?t.accessToken():"",T=t.refreshToken(v),j=t=>{
const l=()=>{if(a&&m&&!T)return Promise.resolve(f(p,401,()=>null,""))
;const n=(({oauth2:e,clientId:t,fields:r},n,o,s,a)=>{if(e)return new i({__proto__:null,...o?{grant_type:"password",
...JSON.parse(o)}:a?{token:s,token_type_hint:"refresh_token"}:{grant_type:"refresh_token",...s&&{refresh_token:s}},
...t&&{client_id:t}});const c=r.refreshToken.replace(/.*\./,""),u=o??(s?d({__proto__:null,[c]:s}):null)
;return u&&n.set("content-type","application/json"),u})(e,t,h,T,v),l=m&&e.idempotencyKey&&r()
;if(l&&t.set("idempotency-key",l),!v)return((e,t,r,n,s)=>new Promise((a,i)=>{const u=new c;x(u,"POST",e),L(u,n),
t.forEach((e,t)=>{q(u,t,e)}),M(u,"loadend",()=>{const t=K(u),r=H(u),n=U(u)!==e,c={__proto__:null,
"retry-after":I(u,"retry-after"),date:I(u,"date"),"dpop-nonce":I(u,"dpop-nonce")};o&&x(u,"POST",e),P(u),
!t||n?i(s.reason??new TypeError("no response")):a(((e,t,r)=>f(p,e,e=>c[e]??null,r))(t,0,r))});const l=()=>P(u)
;s.addEventListener("abort",l),D(u,r),s.aborted&&l()}))(w,t,n,!a,k);const g=((e,t,r,n,o)=>new s(e,{__proto__:null,
method:"POST",headers:t,body:r,credentials:n?"omit":"include",cache:"no-store",redirect:"error",keepalive:!0,signal:o
}))(w,t,n,a,k);return _&&F(g,e.tokenScheme,_),(async(e,t)=>{const r=await u(e),n=await r.text()
;return f(t,r.status,e=>r.headers.get(e),n)})(g,p)};return n&&"logout"!==p?n.sendAuthRequest(t,w,_,l):l()}
;return Y(b)?C(b,k).then(j):j(b)},abort(){return l()}}}var ee=(e,t,r)=>(n,o)=>{const a=r=>F(r,t,e.accessToken())
;if(e.accessToken()){if(r)return r.send(n,o,e,a);a(n)}else if("same-origin"===b(n))return u(new s(n,{
credentials:"include"}));return u(n)},te={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",invalid_grant:"ended",
REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"},re=globalThis.performance??Date,ne=()=>re.now(),oe={
accessToken:"",refreshToken:"",user:null,claims:null,subject:void 0,isRefresh:!1},se={read(e){try{
return localStorage.getItem(e)}catch{return}},write(e,t){try{t?localStorage.setItem(e,t):localStorage.removeItem(e)
}catch{}}
},ae=/^[\x21-\x7e]{1,128}$/,ce=864e5,ie=e=>`tokenward:v1:${e}`,ue=e=>"string"==typeof e&&ae.test(e),le=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),de=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),fe=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function pe(e){const t=Number(de(e,"not-before")??0)-Date.now();return t>0&&t<=ce?t:0}function he(e,t){
const r=de(e,"sign-in-key");return void 0===r||t===e.known?"same":t===r?"current":"stale"}function ge(e,t,r=!0){
e.known=t,r&&fe(e,"sign-in-key",t),fe(e,"probe-key")}function ye(e,t){e.idempotencyKey=t,fe(e,"idempotency-key",t)}
function ke({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}function be({request:e,body:t,copy:r}){if(r)return R(r);if(null==t)return new s(e)
;if(t instanceof ReadableStream||Symbol.asyncIterator in Object(t))return;t instanceof FormData&&N(w(e),"content-type")
;const n=v(e);return new s(e,{body:t,referrer:n,referrerPolicy:_(e)})}
var we=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],me=["no-session","logout","expired","revoked","token-reused","other-tab"],ve=(e,t)=>"number"==typeof t&&t>=0&&t<=e
;function _e(e,t){const{client:r,tokens:n,state:o,lock:s,crossTab:a,log:c}=e,i=(e,t,n=0)=>{
c(e?"warn":"debug","lock-requested",{steal:e}),s.request(e,n,()=>r().lockGranted(t))};return{setToken(e,t){
c("debug","token-set",{token:e,freshForMs:t}),n.set(e,t)},blockCalls:n.block,clearTokens:n.clear,discardToken:n.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=de(e,"sign-in-key")
;return void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other"})(o)},isRevocationPending(){
return(e=>e.unstoredRevocation||"1"===de(e,"pending-revocation"))(o)},notBeforeWait(){return pe(o)},storeNewKey(){
return(e=>{ge(e,le()),ye(e,le())})(o)},adoptStoredKey(){return(e=>{const t=de(e,"sign-in-key"),r=ue(t)?t:e.known||le()
;ge(e,r,t!==r)})(o)},useProbeKey(){return(e=>{const t=de(e,"probe-key");e.known||=ue(t)?t:le(),fe(e,"probe-key",e.known)
})(o)},removeKey(){return(e=>{const t=de(e,"sign-in-key"),r=t&&t!==e.known;ge(e,void 0,!r),r||ye(e,void 0)})(o)},
replaceIdempotencyKey(){return(e=>{const t=de(e,"idempotency-key");t&&t!==e.idempotencyKey||ye(e,le())})(o)},
storePendingRevocation(){return(e=>{fe(e,"pending-revocation","1"),e.unstoredRevocation="1"!==de(e,"pending-revocation")
})(o)},clearPendingRevocation(){(e=>{fe(e,"pending-revocation"),e.unstoredRevocation=!1})(o),n.forgetRevoked()},
storeNotBefore(e){return((e,t)=>fe(e,"not-before",String(Date.now()+Math.min(Math.max(t,pe(e)),ce))))(o,e)},
clearNotBefore(){return(e=>fe(e,"not-before"))(o)},requestLock(e){return i(!1,e)},requestSettledLock(e){
return i(!1,e,250)},stealLock(e){return i(!0,e)},releaseLock:s.release,broadcast(e,r,n,o,s){
const c="refresh-failed"===e?{waitMs:Math.min(o,ce),failures:s}:n?{reason:n}:{subject:t[r-1]};a.broadcast({type:e,...c})
}}}var Te={login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},je={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},Re={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},Ee={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function Se(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))Se(t)}return e}
var Oe=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.serverMessage=n}code;status;retryAfterMs;serverMessage},Ne=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}}),Ae={code:void 0,message:void 0,status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,
jwtLifetime:Number.NaN,subject:0};function xe(e,t){const r=(e=>{const t=(()=>{
const{location:e,origin:t=e?.origin}=globalThis;return/^https?:/.test(t)?t:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,o={...n?je:Te,...e.endpoints}
;for(const e of Object.keys(o))o[e]=new URL(o[e],r).href
;const s=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:a,dpop:c=!1,renewBeforeSeconds:i=60,timeoutSeconds:u=10}=e
;return{transport:n?"body":"cookie",clientId:void 0,tokenScheme:c?"DPoP":"Bearer",idempotencyKey:r.origin===t,
restore:"auto",crossTab:!0,name:"default",isolation:"page",exposeToken:!1,shouldRefresh:void 0,onLog:void 0,...e,dpop:c,
oauth2:n,endpoints:o,fields:{...n?Ee:Re,...e.fields},origins:[...new Set(s)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof a?a:a&&(()=>a),renewBeforeMs:1e3*i,timeoutMs:1e3*u}})(e),n=(e=>{const t=[],r=r=>{
Object.freeze(r.detail),t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&z(()=>e(r))}
;return Object.assign((e,t,n)=>r({at:Date.now(),level:e,event:t,...n&&{detail:n}}),{add:r,
entries:()=>Object.freeze([...t])})})(r.onLog),o="cookie"===r.transport,a=o&&r.crossTab,c=(i=r.name,l=o?se:void 0,{
prefix:ie(i),store:l,known:void 0,idempotencyKey:void 0,unstoredRevocation:!1});var i,l;const d=(e=>{let t={
__proto__:null},r=0,n=0,o=oe,s=0,a="",c=0,i=0;return{receive(e,n){return r+=1,t[r]={...e,isRefresh:n},r},set(e,r){
const a=t[e];if(a){t={__proto__:null}
;const{refreshToken:r,user:c,subject:i}=o,u=a.isRefresh&&(a.subject??i)===(i??a.subject);o=u?{...a,
refreshToken:a.refreshToken||r,user:a.user??c}:a,u||(s+=1),n=e}c=ne()+r,i=Date.now()+r},block(){c=0},clear(){
a=o.refreshToken||a,n=0,s+=1,o=oe,c=0,t={__proto__:null}},discard(e){delete t[e]},forgetRevoked(){a=""},currentId:()=>n,
profile:()=>({user:o.user,claims:o.claims}),isFresh:()=>ne()<c&&Date.now()<i,allows(t){
for(let r=0;r<e.length;r+=1)if(0===f(t,e[r]))return!0;return!1},generation:()=>s,accessToken:()=>o.accessToken,
refreshToken:e=>o.refreshToken||(e?a:"")}})(r.origins),p=t&&new De(t),g=e=>e(),y=((e,t,r)=>{
const n=t?globalThis.navigator?.locks:void 0;let o=()=>{};return{request(t,s,a){o()
;const c=new AbortController,{signal:i}=c,u=()=>r(()=>i.aborted||a()),l=()=>s>0?setTimeout(u,s):u()
;if(!n)return o=()=>c.abort(),z(l);const d=new Promise(e=>{o=()=>{c.abort(),e()}});n.request(e,t?{steal:t}:{signal:i
},()=>(l(),d)).catch(({name:e})=>"AbortError"===e||l())},release:()=>r(o),close:()=>o()}
})(c.prefix,a,g),b=[],v=e=>void 0===e?0:b.indexOf(e)+1||b.push(e),_=((t,r,o,s)=>{let a;const c=r?(t=>{let r;try{
r=new BroadcastChannel(t)}catch{return}return r.onmessage=({data:t})=>{const r=(e=>{
const{v:t,type:r,key:n="-",subject:o="",reason:s,waitMs:a=0,failures:c=0}=e??{}
;return 1===t&&we.includes(r)&&ue(n)&&"string"==typeof o&&("signed-out"!==r||me.includes(s))&&ve(ce,a)&&ve(65535,c)?e:void 0
})(t);r&&(t=>{const r=()=>(({type:t,subject:r,reason:o,waitMs:s=0,failures:a=0},c)=>{n("debug","message-received",{
type:t,relation:c,waitMs:s,failures:a}),e.messageReceived(c,t,v(r),o,s,a)})(t,he(o,t.key));s(()=>{
"signed-in"===t.type&&"stale"===he(o,t.key)?a=setTimeout(()=>s(r),250):r()})})(r)},r})(t):void 0;return{broadcast(e){
const t={...e,v:1,key:o.known};c&&s(()=>c.postMessage(t))},close(){clearTimeout(a),c?.close()}}
})(c.prefix,a,c,g),E=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:o,createError:a}=e,c=new Set(Object.values(e.settings.endpoints)),i=new Set
;let l=!1;function d(){const e=r.currentId();if(0===e)throw a(l?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,()=>be(e)).then(s=>{if(ke(e,s))return s;const a=e.handler.isRejected(s)
;return!1===a?s:(async(e,r,s,a)=>{if(!await a)return s;o("info","call-rejected",{status:s.status,token:r})
;const c=await C(t.tokenRejected(r),T(e.request))?be(e):void 0;if(!c)return s;s.body?.cancel().catch(()=>{})
;const i=d(),u=await n(c,()=>be(e));return!ke(e,u)&&await e.handler.isRejected(u)&&await t.retryRejected(i),u})(e,r,s,a)
})}return{fetch(n,o,a=e.handler){let l;try{l=new s(n,o)}catch(e){return Promise.reject(e)}
const d=j(l),p=O(w(l),"authorization");if(!r.allows(d)||c.has(d)||p)return u(l);const h=((e,t,r)=>({request:e,body:t,
copy:null!=t||null===k(e)||/^(GET|HEAD)$/.test(m(e))?void 0:R(e),handler:r}))(l,o?.body,a);return new Promise((e,n)=>{
i.add(n),(r.isFresh()?f(h):C(t.requestToken(0),T(l)).then(()=>f(h))).then(e,n).then(()=>i.delete(n))})},
async getAccessToken(e){await t.requestToken(e),d();const n=r.accessToken();if(!n)throw a("TOKEN_IN_COOKIE");return n},
rejectAll(e){l||="DISPOSED"===e;for(const t of i)t(a(e));i.clear()}}})({settings:r,client:e,tokens:d,
sendAuthorized:ee(d,r.tokenScheme,p),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new Oe(e)}}),S={client(){return e},tokens:d,requests:Z(r,d,()=>(e=>{
const t=de(e,"idempotency-key"),r=ue(t)?t:e.idempotencyKey||le();return ye(e,r),r})(c),p),state:c,lock:y,crossTab:_,
log:n,rejectCalls:E.rejectAll};return Object.freeze({..._e(S,b),async sendAuthRequest(e,t,r){
const n=await(async({requests:e,log:t},r,n)=>{try{
const o=await e.send(r,n?.credentials,n?.signal),{status:s,code:a,retryAfterMs:c}=o
;return t(s<400?"debug":"warn","auth-request",{endpoint:r,status:s,code:a?.slice(0,40),retryAfterMs:c}),o}catch(e){
const n=e instanceof Q;return t("warn","auth-request",{endpoint:r,failed:n?"options.authHeaders":e?.name}),n&&z(()=>{
if(e.cause)throw e.cause}),n?"not-sent":"network-error"}})(S,e,{credentials:t,signal:r});return"string"==typeof n?{
...Ae,failure:n}:{...n,code:(o=n.code??"",h(te,o)?te[o]:void 0),subject:v(n.subject)};var o},
abortAuthRequest:S.requests.abort,fetch(e,t){return E.fetch(e,t)},user(){return Se(d.profile().user)},jwtPayload(){
return J(d.accessToken())},
getAccessToken:r.exposeToken?E.getAccessToken:()=>Promise.reject(new Oe("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
y.close(),_.close(),E.rejectAll("DISPOSED")}})}var De=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(o=>o.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(o=>o.send(e,t,r,n))}}
;export{Oe as CallError,Ne as createOptions,xe as createPlatform};
