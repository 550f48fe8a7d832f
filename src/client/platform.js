// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},o="document"in globalThis,{fetch:s,Request:i,Headers:a,XMLHttpRequest:c,URLSearchParams:u}=globalThis,{parse:l,stringify:d}=JSON,{hasOwn:f,keys:h}=Object,p=r(String.prototype.indexOf),g=r(String.prototype.slice),k=r(String.prototype.toLowerCase),y=i?.prototype,b=n(y,"body"),m=n(y,"credentials"),w=n(y,"headers"),v=n(y,"method"),_=n(y,"referrer"),T=n(y,"referrerPolicy"),j=n(y,"signal"),O=n(y,"url"),R=y&&r(y.clone),S=a?.prototype,E=S&&r(S.set),N=S&&r(S.has),A=(S&&r(S.delete),
c?.prototype),$=A&&r(A.open),q=A&&r(A.send),x=A&&r(A.abort),I=A&&r(A.setRequestHeader),P=A&&r(A.getAllResponseHeaders),D=A&&r(A.addEventListener),M=A&&r(Object.getOwnPropertyDescriptor(A,"withCredentials")?.set),L=n(A,"status"),K=n(A,"responseText"),H=n(A,"responseURL")
;function C(e,t){return t?new Promise((r,n)=>{const o=()=>n(t.reason);t.aborted&&o(),t.addEventListener("abort",o),
e.then(r,n).finally(()=>t.removeEventListener("abort",o))}):e}function U(e,t,r){E(w(e),"authorization",`${t} ${r}`)}
function z(e,t){const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0}function F(e){try{return l(e)}catch{return null}}function B(e,t){let r=e
;for(const e of t.split(".")){if("object"!=typeof r||null===r||!f(r,e))return;r=r[e]}return r??void 0}function J(e){
const t=p(e,"."),r=p(e,".",t+1);return r>t&&t>0?g(e,t+1,r):""}
var V=e=>void 0===e?void 0:String(e),G=e=>"string"==typeof e?e:void 0,X=(e,t)=>({userId:V(B(e,"id")),
sub:V(B(e,"sub")??B(t,"sub"))});function W(e,t,r){
const n=F(t),o=B(n,"error"),s=B(o,"message")??B(n,"error_description")??B(n,"message")??B(n,"detail")??B(n,"msg")??o,i=B(n,r.expiresIn),a=e?((e,t)=>{
const r=G(B(e,t.accessToken))??"";if(!r&&(!0!==B(e,"success")||Y(e,8)))return;const n=B(e,t.user)??null,o=(e=>{try{
const t=atob(J(e).split("-").join("+").split("_").join("/")),r=F((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}})(r);return{accessToken:r,refreshToken:G(B(e,t.refreshToken))??"",
user:n,claims:o,identity:X(n,o)}})(n,r):void 0;return{code:G(B(o,"code")??B(n,"code")??o),message:G(s)?.slice(0,200),
expiresIn:Number("string"==typeof i?i.trim()||Number.NaN:i??Number.NaN),
jwtLifetime:Number(B(a?.claims,"exp"))-Number(B(a?.claims,"iat")),issued:a,found:e&&!a?Q(n)||"no JSON object":""}}
function Q(e,t=""){if("object"!=typeof e||null===e)return"";let r="";const n=h(e);for(let o=0;o<n.length&&o<20;o+=1){
const s=g(n[o],0,40);r+=`${r&&", "}${(t?"":Q(e[s],`${s}.`))||t+s}`}return r}function Y(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=h(e);for(let n=0;n<r.length;n+=1){const o=k(r[n])
;if(p(o,"token")>=0&&p(o,"csrf")<0&&p(o,"xsrf")<0||Y(e[r[n]],t-1))return!0}return!1}
var Z=class extends Error{},ee=e=>"function"==typeof e?.then;function te(e,t,r,n){const a="body"===e.transport
;let l=()=>{};function f(r,o,s,i){n?.learnNonce(e.endpoints[r],s("dpop-nonce"))
;const c=o>=200&&o<300,{issued:u,...l}=W(c,i,e.fields);return u&&!a&&(u.refreshToken=""),{...l,status:o,
retryAfterMs:z(s("retry-after"),s("date")),...u?t.receive(u,"refresh"===r):{token:0,subject:0}}}return{send(h,k,y){
const b=new AbortController;l=()=>b.abort();const m=y?AbortSignal.any([b.signal,y]):b.signal,w=(({authHeaders:e})=>{
const t=e=>{throw new Z("",{cause:e})};try{const r=e?.()
;return ee(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}
})(e),v=e.endpoints[h],_="refresh"===h,T="logout"===h||"logoutAll"===h,j=T?t.accessToken():"",O=t.refreshToken(T),R=t=>{
const l=()=>{if(a&&_&&!O)return Promise.resolve(f(h,401,()=>null,""))
;const n=(({oauth2:e,clientId:t,fields:r},n,o,s,i)=>{if(e)return new u({__proto__:null,...o?{grant_type:"password",
...JSON.parse(o)}:i?{token:s,token_type_hint:"refresh_token"}:{grant_type:"refresh_token",...s&&{refresh_token:s}},
...t&&{client_id:t}});const a=r.refreshToken.replace(/.*\./,""),c=o??(s?d({__proto__:null,[a]:s}):null)
;return c&&n.set("content-type","application/json"),c})(e,t,k,O,T),l=_&&e.idempotencyKey&&r()
;if(l&&t.set("idempotency-key",l),!T)return((e,t,r,n,s)=>new Promise((i,a)=>{const u=new c;$(u,"POST",e),M(u,n),
t.forEach((e,t)=>{I(u,t,e)}),D(u,"loadend",()=>{const t=L(u),r=K(u),n=H(u)!==e,c=P(u);o&&$(u,"POST",e),x(u),
!t||n?a(s.reason??new TypeError("no response")):i(((e,t,r)=>f(h,e,t,r))(t,e=>((e,t)=>{
const r=`\r\n${e}`,n=p(r,`\r\n${t}: `),o=n+t.length+4;return n<0?null:g(r,o,p(r,"\r\n",o))})(c,e),r))});const l=()=>x(u)
;s.addEventListener("abort",l),q(u,r),s.aborted&&l()}))(v,t,n,!a,m);const y=r=>{const o=((e,t,r,n,o)=>new i(e,{
__proto__:null,method:"POST",headers:t,body:r,credentials:n?"omit":"include",cache:"no-store",redirect:"error",
keepalive:!0,signal:o}))(v,t,n,a,m);return r&&U(o,e.tokenScheme,j),(async(e,t)=>{const r=await s(e),n=await r.text()
;return f(t,r.status,e=>r.headers.get(e),n)})(o,h)}
;return"logoutAll"===h?y(""!==j):y(!1).then(t=>401===t.status&&j&&!e.oauth2?y(!0):t)}
;return n&&"logout"!==h?n.sendAuthRequest(t,v,j,l):l()};return ee(w)?C(w,m).then(R):R(w)},abort(){return l()}}}
var re=(e,t,r)=>(n,o)=>{const a=r=>U(r,t,e.accessToken());if(e.accessToken()){if(r)return r.send(n,o,e,a);a(n)
}else if("same-origin"===m(n))return s(new i(n,{__proto__:null,credentials:"include"}));return s(n)},ne={
NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",
TOKEN_REVOKED:"revoked"
},oe=/^(invalid|unauthorized)_client$|csrf|xsrf/i,se=/credential|password|invalid.(grant|login|user|email)|(user|email|account).not.found/i
;function ie(e,{code:t="",message:r=""}){
return Object.hasOwn(ne,t)?ne[t]:oe.test(t)?"request-fault":"login"===e&&se.test(`${t} ${r}`)?"bad-credentials":void 0}
var ae={accessToken:"",refreshToken:"",user:null,claims:null,identity:{},subject:0,isRefresh:!1};function ce(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var ue={read(e){try{
return localStorage.getItem(e)}catch{return}},write(e,t){try{t?localStorage.setItem(e,t):localStorage.removeItem(e)
}catch{}}},le=e=>({__proto__:null,...e
}),de=/^[\x21-\x7e]{1,128}$/,fe=864e5,he=e=>`tokenward:v1:${e}`,pe=e=>"string"==typeof e&&de.test(e),ge=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),ke=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),ye=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function be(e){const t=Number(ke(e,"not-before")??0)-Date.now();return t>0&&t<=fe?t:0}
var me=e=>e.unstoredRevocation||"1"===ke(e,"pending-revocation");function we(e,t,r=!0){e.known=t,
r&&ye(e,"sign-in-key",t),ye(e,"probe-key")}function ve(e,t){e.idempotencyKey=t,ye(e,"idempotency-key",t)}var _e={
__proto__:null,method:"POST",mode:"no-cors",cache:"default",integrity:""};function Te({handler:e},t){
if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var je=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],Oe=["no-session","logout","expired","revoked","token-reused","other-tab"],Re=(e,t)=>"number"==typeof t&&t>=0&&t<=e,Se=[250,2e3]
;function Ee(e,t,r,n,o){let s=!1;const i=(e,t)=>{if(s)return;const a=((e,t)=>{const r=ke(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:c,waitMs:u=0}=e,l="signed-in"===c&&"stale"===a,d="signed-out"===c&&"same"===a&&(e=>!!e.known&&ke(e,"sign-in-key")===e.known)(r)||"refresh-failed"===c&&(e=>void 0!==ke(e,"sign-in-key"))(r)&&u>be(r)+250,f=Se[t]
;void 0!==f&&(d||l&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),f):d||o(e,a)},a=t?(e=>{if(!globalThis.BroadcastChannel)return
;const t=new BroadcastChannel(e);return t.onmessage=({data:e})=>{const t=(e=>{
const t=le(e),{v:r,type:n,key:o="-",userId:s="",sub:i="",reason:a,waitMs:c=0,failures:u=0}=t
;return 1===r&&je.includes(n)&&pe(o)&&"string"==typeof s&&"string"==typeof i&&("signed-out"!==n||Oe.includes(a))&&Re(fe,c)&&Re(65535,u)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;a&&n(()=>a.postMessage(t))},close(){s=!0,a?.close()}}}function Ne(e){
const{client:t,tokens:r,users:n,state:o,lock:s,crossTab:i,log:a}=e,c=(e,r,n=0)=>{a(e?"warn":"debug","lock-requested",{
steal:e}),s.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){a("debug","token-set",{token:e,freshForMs:t}),
r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,abortCalls(){
return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=ke(e,"sign-in-key")
;return null!==t||e.known||null!==ke(e,"asked")||me(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(o)},isRevocationPending(){return me(o)},notBeforeWait(){return be(o)},storeNewKey(){return(e=>{we(e,ge()),ve(e,ge())
})(o)},adoptStoredKey(){return(e=>{const t=ke(e,"sign-in-key"),r=pe(t)?t:e.known||ge();we(e,r,t!==r)})(o)},
useProbeKey(){return(e=>{const t=ke(e,"probe-key");e.known||=pe(t)?t:ge(),ye(e,"probe-key",e.known)})(o)},removeKey(){
return(e=>{const t=ke(e,"sign-in-key"),r=t&&t!==e.known;we(e,void 0,!r),r||ve(e,void 0)})(o)},replaceIdempotencyKey(){
return(e=>{const t=ke(e,"idempotency-key");t&&t!==e.idempotencyKey||ve(e,ge())})(o)},storePendingRevocation(){
return(e=>{ye(e,"pending-revocation","1"),e.unstoredRevocation="1"!==ke(e,"pending-revocation")})(o)},
clearPendingRevocation(){(e=>{ye(e,"pending-revocation"),e.unstoredRevocation=!1})(o),r.forgetRevoked()},
storeNotBefore(e){return((e,t)=>ye(e,"not-before",String(Date.now()+Math.min(Math.max(t,be(e)),fe))))(o,e)},
clearNotBefore(){return(e=>ye(e,"not-before"))(o)},requestLock(e){return c(!1,e)},requestSettledLock(e){
return c(!1,e,250)},stealLock(e){return c(!0,e)},releaseLock:s.release,broadcast(e,t,r,o,s){
const a="refresh-failed"===e?{waitMs:Math.min(o,fe),failures:s}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...a})}
}}var Ae=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??""),$e={
login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},qe={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},xe={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},Ie={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function Pe(e){
const t=globalThis.location?.origin,r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,o={...n?qe:$e,
...e.endpoints};for(const e of Object.keys(o))o[e]=De(o[e],r)
;const s=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:i,dpop:a=!1,renewBeforeSeconds:c=60,timeoutSeconds:u=10}=e
;return{transport:n?"body":"cookie",clientId:void 0,tokenScheme:a?"DPoP":"Bearer",
idempotencyKey:new URL(o.refresh).origin===t,restore:"auto",crossTab:!0,
name:o.refresh===`${t}${$e.refresh}`?"default":o.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,dpop:a,oauth2:n,endpoints:o,fields:{...n?Ie:xe,...e.fields},
origins:[...new Set(s)].filter(e=>e&&"null"!==e).map(e=>`${e}/`),authHeaders:"function"==typeof i?i:i&&(()=>i),
renewBeforeMs:1e3*c,timeoutMs:1e3*u}}function De(e,t){const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:e.replace(/^\//,""),r).href}function Me(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))Me(t)}return e}
var Le=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},Ke=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}}),He=e=>Pe(e).name,Ce={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,jwtLifetime:Number.NaN,
subject:0};function Ue(e,t){const r=Pe(e),n=(e=>{const t=[],r=r=>{Object.freeze(r.detail),t.push(Object.freeze(r)),
t.length>100&&t.shift(),e&&queueMicrotask(()=>e(r))};return Object.assign((e,t,n)=>r({at:Date.now(),level:e,event:t,
...n&&{detail:n}}),{add:r,entries:()=>Object.freeze([...t])})
})(r.onLog),o="cookie"===r.transport,a=o&&r.crossTab,c=(u=r.name,l=o?ue:void 0,{prefix:he(u),store:l,known:void 0,
idempotencyKey:void 0,unstoredRevocation:!1});var u,l;const d=(()=>{const e=[];return{numberOf(t,r,n){
const{userId:o,sub:s}=t;if(void 0===o&&void 0===s)return 0;let i=e.findIndex(e=>ce(e,t))+1;const a=e[r-1]
;if(!i&&a&&void 0===ce(a,t)){if(n)return 0;i=r}i||=e.push({});const{userId:c=o,sub:u=s}=e[i-1];return e[i-1]={userId:c,
sub:u},i},identityOf:t=>e[t-1]}})(),f=((e,t)=>{let r={__proto__:null},n=0,o=0,s=ae,i=0,a=0,c="",u=0,l=0;return{
receive(e,o){n+=1;const s=t.numberOf(e.identity,o?i:0);return r[n]={...e,isRefresh:o,subject:s},{token:n,subject:s}},
set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:c,subject:u}=s,l=n.isRefresh&&(n.subject||u)===(u||n.subject);s=l?{...n,
refreshToken:n.refreshToken||t,user:n.user??c,subject:n.subject||u}:n,i=s.subject,l||(a+=1),o=e}u=performance.now()+t,
l=Date.now()+t},block(){u=0},clear(){c=s.refreshToken||c,o=0,a+=1,s=ae,u=0,r={__proto__:null}},discard(e){delete r[e]},
forgetRevoked(){c=""},currentId:()=>o,subject:()=>i,profile:()=>({user:s.user,claims:s.claims}),
isFresh:()=>performance.now()<u&&Date.now()<l,allows(t){for(let r=0;r<e.length;r+=1)if(0===p(t,e[r]))return!0;return!1},
generation:()=>a,accessToken:()=>s.accessToken,refreshToken:e=>s.refreshToken||(e?c:"")}
})(r.origins,d),h=t&&new ze(t),g=e=>e(),k=((e,t,r)=>{const n=t?globalThis.navigator?.locks:void 0;let o=()=>{};return{
request(t,s,i){o();const a=new AbortController,{signal:c}=a,u=()=>r(()=>c.aborted||i()),l=()=>s>0?setTimeout(u,s):u()
;if(!n)return o=()=>a.abort(),queueMicrotask(l);const d=new Promise(e=>{o=()=>{a.abort(),e()}});n.request(e,le(t?{
steal:t}:{signal:c}),()=>(l(),d)).catch(({name:e})=>"AbortError"===e||l())},release:()=>r(o),close:()=>o()}
})(c.prefix,a,g),y=Ee(c.prefix,a,c,g,(t,r)=>{const{type:o,reason:s,waitMs:i=0,failures:a=0}=t
;n("debug","message-received",{type:o,relation:r,waitMs:i,failures:a});const c=d.numberOf(t,f.subject(),!0)
;e.messageReceived(r,o,c,s,i,a)}),m=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:o,createError:a}=e,c=new Set(Object.values(e.settings.endpoints)),u=new Set
;let l=!1;function d(){const e=r.currentId();if(0===e)throw a(l?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,e.copyRequest).then(s=>{if(Te(e,s))return s;const i=e.handler.isRejected(s)
;return!1===i?s:(async(e,r,s,i)=>{if(!await i)return s;o("info","call-rejected",{status:s.status,token:r});const a=(e=>{
let t=2166136261;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0
})(O(e.request)),c=await C(t.tokenRejected(r,a),j(e.request))?e.copyRequest():void 0;if(!c)return s
;s.body?.cancel().catch(()=>{});const u=d(),l=await n(c,e.copyRequest)
;return!Te(e,l)&&await e.handler.isRejected(l)&&await t.retryRejected(u,a),l})(e,r,s,i)})}return{fetch(n,o,a=e.handler){
let l;try{l=new i(n,o)}catch(e){return Promise.reject(e)}const d=O(l),h=N(w(l),"authorization")
;if(!r.allows(d)||c.has(d)||h)return s(l);const p=((e,t,r)=>{
const n="string"==typeof t?t:void 0,o=null!==b(e)&&!/^(GET|HEAD)$/.test(v(e)),s=o&&void 0===n?((e,t)=>{
if("ReadableStream"===(r=t,Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return
;var r;const n=R(e);if(null!=t)return n;try{return new i(R(n),_e),n}catch{return void b(n)?.cancel().catch(()=>{})}
})(e,t):void 0;return{request:e,handler:r,copyRequest(){if(o&&void 0===n)return s&&R(s);if(void 0===n)return new i(e)
;const t=_(e),r=T(e);return new i(e,{__proto__:null,body:n,referrer:t,referrerPolicy:r})}}
})(l,o?.body,(e=>!e||!1!==le(le(e).auth).retry)(o)?a:{...a,isRejected:()=>!1});return new Promise((e,n)=>{u.add(n),
(r.isFresh()?f(p):C(t.requestToken(0),j(l)).then(()=>f(p))).then(e,n).then(()=>u.delete(n))})},async getAccessToken(e){
await t.requestToken(e),d();const n=r.accessToken();if(!n)throw a("TOKEN_IN_COOKIE");return n},rejectAll(e){
l||="DISPOSED"===e;for(const t of u)t(a(e));u.clear()}}})({settings:r,client:e,tokens:f,
sendAuthorized:re(f,r.tokenScheme,h),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new Le(e)}}),S={client(){return e},settings:r,tokens:f,users:d,requests:te(r,f,()=>(e=>{
const t=ke(e,"idempotency-key"),r=pe(t)?t:e.idempotencyKey||ge();return ve(e,r),r})(c),h),state:c,lock:k,crossTab:y,
log:n,rejectCalls:m.rejectAll};return Object.freeze({...Ne(S),async sendAuthRequest(e,t,r){
const{response:n,...o}=await(async({settings:e,requests:t,state:r,log:n},o,s)=>{const i=(t,r=!1)=>{
const n=`POST ${e.endpoints[o]}: ${t}`;var s;return r||(s=n,Ae&&console.warn(`tokenward: ${s}`)),n};try{
const a=await t.send(o,s?.credentials,s?.signal),{status:c,code:u="",message:l,found:d,retryAfterMs:f}=a,h=c>=200&&c<300
;return c<500&&408!==c&&429!==c&&(e=>{null===ke(e,"asked")&&ye(e,"asked","1")})(r),n(h?"debug":"warn","auth-request",{
endpoint:o,status:c,code:u.slice(0,40),retryAfterMs:f}),h&&("logout"===o||"logoutAll"===o||a.token)?{response:a,
details:""}:{response:a,
details:i(`status ${c}${404===c||405===c?` (options.endpoints.${o})`:h?`; expected the member ${e.fields.accessToken} (options.fields), found ${d}`:""}${l?`; the server says: ${l}`:""}`,"refresh"===o&&401===c)
}}catch(e){const t=e instanceof Z;n("warn","auth-request",{endpoint:o,failed:t?"options.authHeaders":e?.name}),
t&&queueMicrotask(()=>{if(e.cause)throw e.cause});const r="AbortError"===e?.name;return t?{failure:"not-sent",
details:i("options.authHeaders failed",!0)}:{failure:"network-error",
details:i("no response: offline, server down, or CORS",r)}}})(S,e,{credentials:t,signal:r});return{...n??Ce,...o,
code:n&&ie(e,n)}},abortAuthRequest:S.requests.abort,fetch(e,t){return m.fetch(e,t)},user(){return Me(f.profile().user)},
jwtPayload(){return J(f.accessToken())},
getAccessToken:r.exposeToken?m.getAccessToken:()=>Promise.reject(new Le("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
k.close(),y.close(),m.rejectAll("DISPOSED")}})}var ze=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(o=>o.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(o=>o.send(e,t,r,n))}}
;export{Le as CallError,He as clientName,Ke as createOptions,Ue as createPlatform};
