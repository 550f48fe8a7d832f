// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},s="document"in globalThis,{Request:o,Headers:i,XMLHttpRequest:c,URLSearchParams:a}=globalThis,{fetch:u}=globalThis,{parse:l,stringify:d}=JSON,{keys:f}=Object,h=r(String.prototype.indexOf),p=r(String.prototype.slice),b=r(String.prototype.toLowerCase),g=r(Object.prototype.hasOwnProperty),y=o?.prototype,m=n(y,"body"),k=n(y,"credentials"),v=n(y,"headers"),w=n(y,"method"),_=n(y,"referrer"),j=n(y,"referrerPolicy"),T=n(y,"signal"),O=n(y,"url"),I=y&&r(y.clone),S=i?.prototype,R=S&&r(S.set),N=S&&r(S.has),E=(S&&r(S.delete),
c?.prototype),A=E&&r(E.open),$=E&&r(E.send),x=E&&r(E.abort),P=E&&r(E.setRequestHeader),q=E&&r(E.getAllResponseHeaders),D=E&&r(E.addEventListener),L=E&&r(Object.getOwnPropertyDescriptor(E,"withCredentials")?.set),M=n(E,"status"),C=n(E,"responseText"),K=n(E,"responseURL"),H=e=>e.reason??new DOMException("the call was aborted","AbortError"),z=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function F(e,t){return t?new Promise((r,n)=>{
const s=()=>n(H(t))
;t.aborted&&s(),t.addEventListener("abort",s),e.then(r,n).finally(()=>t.removeEventListener("abort",s))}):e}
function U(e){try{return l(e)}catch{return null}}function B(e,t){let r=e;for(let e=0;"."!==t&&e<=t.length;){
const n=h(t,".",e),s=n<0?t.length:n,o=p(t,e,s);if("object"!=typeof r||null===r||!g(r,o))return;r=r[o],e=s+1}
return r??void 0}function G(e,t){
return"access"===e?t.access:"refresh"===e?t.refresh:"clientId"===e?t.clientId:"credentials"===e?void 0===t.credentials?void 0:l(t.credentials):0===h(e,"cookie:")?((e,t)=>{
const r=`; ${e};`,n=h(r,`; ${t}=`);if(n<0)return;const s=n+t.length+3,o=p(r,s,h(r,";",s));try{
return decodeURIComponent(o)}catch{return o}
})(t.cookies,p(e,7)):void 0===t.credentials?void 0:B(l(t.credentials),p(e,12))}function V(e,t){
if("string"==typeof e)return h(e,`{${t}`)>=0;if("object"!=typeof e||null===e)return!1;const r=f(e)
;for(let n=0;n<r.length;n+=1)if(V(e[r[n]],t))return!0;return!1}function J(e,t){let r="";for(let n=0;;){
const s=h(e,"{",n),o=s<0?-1:h(e,"}",s);if(o<0)return r+p(e,n);const i=G(p(e,s+1,o),t);if(null==i||""===i)return
;if(0===s&&o===e.length-1)return i;r+=p(e,n,s)+i,n=o+1}}function X(e,t,r,n){const s=f(e);for(let o=0;o<s.length;o+=1){
const i=s[o],c=n&&N(n,i)?void 0:J(e[i],t);void 0!==c&&r(i,`${c}`)}}function W(e,t){const r={__proto__:null},n=f(e)
;for(let s=0;s<n.length;s+=1){const o=n[s],i=e[o],c="string"==typeof i?J(i,t):"object"==typeof i&&null!==i?W(i,t):i
;if("..."===o){const e=f(Object(c));for(let t=0;t<e.length;t+=1)r[e[t]]=c[e[t]]}else void 0!==c&&(r[o]=c)}return r}
function Y(e,t,r){if(null==e)return null;if("{credentials}"===e&&!t)return r.credentials??null
;const n="object"==typeof e?W(e,r):J(String(e),r)
;return void 0===n||0===f(Object(n)).length&&f(Object(e)).length>0?null:t?new a(n):d(n)}function Q(e){
const t=h(e,"."),r=h(e,".",t+1);return r>t&&t>0?p(e,t+1,r):""}function Z(e){try{
const t=atob(Q(e).split("-").join("+").split("_").join("/")),r=U((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}}
var ee=e=>void 0===e?void 0:String(e),te=e=>"string"==typeof e?e:void 0,re=()=>null;function ne(e,t,r){
for(let n=0;n<e.length;n+=1){const s=e[n],o=0===h(s,"@")?r(p(s,1)):B(t,s);if(null!=o&&""!==o)return o}}
function se(e,t,r,n=re,s=!1){
const o=U(t),i=h(b(n("content-type")??""),"html")>=0||0===h(t,"<"),c=void 0!==ne(r.step,o,n),a="null"===t,u=!e||c||i||a?void 0:((e,t,r,n)=>{
const{access:s}=t,o=s?(e=>{const t=h(e," ");return t<0?e:p(e,t+1)})(te(ne(s,e,r))??""):""
;if(!o&&s&&(!0!==B(e,"success")||he(e,8)))return;if(!s&&"object"==typeof e&&null!==e&&oe(e,t))return
;const i=ne(t.user,e,r)??null??(n?Z(te(B(e,"id_token"))??""):null),c=Z(o);return{accessToken:o,
refreshToken:te(ne(t.refresh,e,r))??"",user:i,claims:c,identity:de(t.subject,i,e,c)}
})(o,r,n,s),l=void 0!==ne(r.access??[],o,n)||void 0!==ne(r.refresh,o,n),d="object"==typeof o&&null!==o,g=(e=>{
for(let t=0;t<ie.length;t+=1){const r=B(e,ie[t]);if("string"==typeof r)return r}})(o),y=(e=>{
for(let t=0;t<ce.length;t+=1){const r=ae(B(e,ce[t]),4);if(r)return r}const t=ae(B(e,"error"),1)
;if(t||"object"!=typeof e||null===e)return t;const r=f(e);for(let t=0;t<r.length;t+=1){const n=r[t],s=B(B(e,n),"0")
;if("string"==typeof s)return`${n}: ${s}`}})(o)??(null===o&&!i&&!a&&t.length<=1e3&&t?t:void 0);return{code:g,
message:y&&p(y,0,200),isRefusal:e?a||d&&oe(o,r):d&&!(!g&&!y),isPage:i,isStep:c,body:!d||!c&&e||l?void 0:o,
expiresIn:ue(r.expiresIn,o,n),jwtLifetime:Number(B(u?.claims,"exp"))-Number(B(u?.claims,"iat")),issued:u,
found:e&&!u?fe(o)||"no JSON object":""}}function oe(e,{access:t,user:r}){if(!1===B(e,"success"))return!0;const n=t??r
;for(let t=0;t<n.length;t+=1){const r=n[t];if(g(e,r)&&null===e[r])return!0}return!1}
var ie=["error.code","errors.0.extensions.code","errors.0.code","error_code","code","__type","error","error.status","error.name"],ce=["error.message","error_description","message","detail","msg","errors","title","non_field_errors"]
;function ae(e,t){if("string"==typeof e)return e;if("object"!=typeof e||null===e||0===t)return
;const r=B(e,"message")??B(e,"msg")??B(e,"detail");if("string"==typeof r)return r;const n=f(e)
;for(let r=0;r<n.length;r+=1){const s=ae(e[n[r]],t-1);if(s)return s}}function ue(e,t,r){for(let n=0;n<e.length;n+=1){
const s=e[n],o=h(s," "),i=o<0?"s":p(s,o+1),c=ne([o<0?s:p(s,0,o)],t,r),a=void 0===c?Number.NaN:le(c,i,Date.parse(r("date")??""))
;if(!Number.isNaN(a))return a}return Number.NaN}function le(e,t,r){
const n=Number("string"==typeof e?e.trim()||Number.NaN:e)
;return"ms"===t?n/1e3:"at"!==t?n:((Number.isNaN(n)?Date.parse(String(e)):n>1e11?n:1e3*n)-(r||Date.now()))/1e3}
function de(e,t,r,n){if(0===e.length)return((e,t)=>({userId:ee(B(e,"id")??B(e,"pk")??B(e,"user_id")),
sub:ee(B(e,"sub")??B(t,"sub")??B(t,"user_id"))}))(t,n);const s=ne(e,t,re)??ne(e,r,re)??ne(e,n,re);return{sub:ee(s)}}
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
;return u&&!o.currentId()&&(s.user??=B(r.kept,"user")??null),
i&&(({remembered:e,keepsAccess:t},{accessToken:r,refreshToken:n,user:s},{expiresIn:o,jwtLifetime:i})=>{
const c=o>0?o:i,a=c>0?Date.now()+1e3*c:null,u=t?r:"";e?.write(d({__proto__:null,refresh:n,access:u,until:a,user:s}))
})(e,s,n),{...n,...o.receive(s,u),renewable:f}}
function ke({method:e,url:t,headers:r,setHeaders:n,body:o,withCredentials:i,signal:a},u){return new Promise((l,d)=>{
const f=new c;A(f,e,t),L(f,i),r.forEach((e,t)=>{P(f,t,e)}),n((e,t)=>{P(f,e,t)}),D(f,"loadend",()=>{
const e=M(f),r=C(f),n=K(f)!==t,o=q(f)
;s&&A(f,"POST",t),x(f),!e||n?d(a.reason??new TypeError("no response")):l(u(e,e=>((e,t)=>{
const r=`\r\n${e}`,n=h(r,`\r\n${t}: `),s=n+t.length+4;return n<0?null:p(r,s,h(r,"\r\n",s))})(o,e),r))});const b=()=>x(f)
;a.addEventListener("abort",b),$(f,o),a.aborted&&b()})}var ve=class extends Error{},we=e=>"function"==typeof e?.then
;function _e(e){const{settings:t,tokens:r,remembered:n}=e,{calls:s,api:o}=t.server,i={...e,inBody:"body"===t.transport,
usesCookies:V({...s,api:o},"cookie:"),keepsAccess:!s.refresh||V(s.refresh,"access}")};let c=()=>{};return{send(e,o,a){
const u=new AbortController;c=()=>u.abort();const{signal:l}=u;a?.aborted&&u.abort(H(a)),
a?.addEventListener("abort",()=>u.abort(H(a)),{signal:l});const d=s[o?.call??e],f={__proto__:null,endpoint:e,call:d,
signal:l,login:o,access:r.accessToken(),refresh:r.refreshToken(be(e))},h=(({authHeaders:e})=>{const t=e=>{
throw new ve("",{cause:e})};try{const r=e?.()
;return we(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}})(t)
;return we(h)||i.usesCookies||n||d?.before?(async(e,t,r)=>{
const{endpoint:n,call:s,signal:o}=t,{remembered:i}=e,c=await F(Promise.resolve(r),o);s?.before&&await Te(e,s.before,o)
;const a=e.usesCookies?await e.cookies():"";let u="";return i&&"refresh"===n&&(u=await i.read()),
i&&be(n)&&(u=await i.last()),Oe(e,t,c,a,u)})(i,f,h):Oe(i,f,h,"","")},abort(){return c()}}}
var je=({inBody:e},t,r,n,s=()=>{},o=null,i=new Headers)=>({__proto__:null,method:r,url:n,headers:i,setHeaders:s,body:o,
withCredentials:!e,signal:t}),Te=(e,t,r)=>ke(je(e,r,"GET",t),()=>{}).catch(()=>{});function Oe(e,t,r,n,s){
const{endpoint:i,call:c,login:a,signal:l}=t,{prover:d,settings:f}=e,h=s?U(s):void 0,p={__proto__:null,
access:t.access||Re(h,"access"),refresh:Re(h,"refresh")||t.refresh,credentials:a?.json,clientId:f.clientId,cookies:n,
kept:h},b=()=>a?.isAnswer?Promise.resolve(ye(e,t,p,200,pe,a.json)):((e,t,r,n)=>{
const{endpoint:s,call:i,signal:c}=t,{inBody:a}=e;if(!i||a&&"refresh"===s&&Ne(i,n))return Promise.resolve(((e,t,r)=>{
const{endpoint:n}=t,s=Number(B(r.kept,"until")??Number.POSITIVE_INFINITY),o="refresh"===n&&!e.tokens.currentId()&&s>Date.now(),i=ge(e),c=o?((e,t)=>{
const r=te(B(e,"access"))??"";if(!r)return;const n=B(e,"user")??null,s=Z(r);return{accessToken:r,refreshToken:"",user:n,
claims:s,identity:de(t.subject,n,null,s)}})(r.kept,i):void 0
;if(!c)return ye(e,t,r,be(n)?404:401,pe,'{"code":"NO_REFRESH_TOKEN"}')
;const a=Number.isFinite(s)?(s-Date.now())/1e3:Number.NaN;return me(e,n,r,{...se(!1,"",i),expiresIn:a,status:200,
retryAfterMs:0},c)})(e,t,n));const l=Y(i.body,i.isForm,n),d="refresh"===s&&e.settings.idempotencyKey&&e.idempotencyKey()
;return d&&r.set("idempotency-key",d),
"string"!=typeof l||N(r,"content-type")||g(i.headers,"content-type")||r.set("content-type","application/json"),
be(s)?(async(e,t,r,n,s,i)=>{let c=n;const a=async(n,i)=>{const a=(({method:e,url:t},r,n,s,i)=>new o(t,{__proto__:null,
method:e,headers:r,body:n,credentials:s?"omit":"include",cache:"no-store",redirect:"error",keepalive:!0,signal:i
}))(r,s,i,e.inBody,t.signal),l=(e,t)=>R(v(a),e,t);X(r.headers,c,l,s),X(n,c,l);const d=await u(a),f=await d.text()
;return ye(e,t,c,d.status,e=>d.headers.get(e),f)},{authorizeOn401:l}=r,d=l?{authorization:l
}:{},f=!!c.access&&(!!l||V(r.headers,"access}"));let h=await a({},i)
;return 401===h.status&&c.access&&l&&(h=await a(d,i)),401===h.status&&f?(await(async(e,{signal:t},r,n)=>{
const s=e.settings.server.calls.refresh;if(!s||e.inBody&&Ne(s,r))return
;const{answer:o}=s,i=je(e,t,s.method,s.url,e=>X(s.headers,r,e),Y(s.body,s.isForm,r),new Headers(s.body&&!s.isForm?Ie:void 0))
;await ke(i,(e,t,s)=>{const{issued:i}=se(e<300,s,o,t);if(!i)return;const{accessToken:c,refreshToken:a}=i;n({...r,
__proto__:null,access:c,refresh:a||r.refresh})}).catch(()=>{})})(e,t,c,e=>{c=e}),c===n?h:a(d,Y(r.body,r.isForm,c))):h
})(e,t,i,n,r,l):ke(je(e,c,i.method,i.url,e=>X(i.headers,n,e,r),l,r),(r,s,o)=>ye(e,t,n,r,s,o))
})(e,t,r,p),y=d&&"logout"!==i&&c?d.sendAuthRequest(r,c.url,be(i)?p.access:"",b):b()
;return f.server.user?y.then(t=>(async(e,t,r,n)=>{const{token:s}=t,{tokens:o,settings:i}=e,{user:c,api:a}=i.server
;if(!s||!c||"id_token"===c||!o.needsUser(s))return t;const u={...Se,__proto__:null,access:o.received(s),cookies:n
},l=je(e,r,"GET",c,e=>X(a,u,e)),d=await ke(l,(t,r,n)=>o.describe(s,t<300?n:"",ge(e))).catch(()=>t.subject);return{...t,
subject:d}})(e,t,l,n)):y}var Ie=[["content-type","application/json"]],Se={access:"",refresh:"",credentials:void 0,
clientId:void 0,cookies:"",kept:void 0};function Re(e,t){const r=B(e,t);return"string"==typeof r?r:""}
var Ne=(e,{refresh:t,access:r})=>V(e,"refresh}")?!t:V(e,"access}")&&!r;function Ee(e,t,r,n){const s=(e=>{
const t=/^(\S+ )\{access\}$/.exec(e.authorization??"")?.[1];return t&&1===Object.keys(e).length?(e,r)=>{
r&&R(v(e),"authorization",t+r)}:(t,r,n)=>X(e,{__proto__:null,access:r,refresh:"",credentials:void 0,clientId:void 0,
cookies:n,kept:void 0},(e,r)=>R(v(t),e,r))})(t),i=(t,n,i)=>{
if(r&&e.accessToken())return r.send(t,n,e,t=>s(t,e.accessToken(),i))
;const c=e.accessToken()||"same-origin"!==k(t)?t:new o(t,{__proto__:null,credentials:"include"})
;return s(c,e.accessToken(),i),u(c)};return(e=>V(e,"cookie:"))(t)?async(e,t)=>i(e,t,await n()):(e,t)=>i(e,t,"")}
var Ae=/^[\x21-\x7e]{1,128}$/,$e=864e5,xe=e=>`tokenward:v1:${e}`,Pe=e=>"string"==typeof e&&Ae.test(e),qe=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),De=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),Le=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function Me(e){const t=Number(De(e,"not-before")??0)-Date.now();return t>0&&t<=$e?t:0}
var Ce=e=>e.unstoredRevocation||"1"===De(e,"pending-revocation");function Ke(e,t,r=!0){e.known=t,
r&&Le(e,"sign-in-key",t),Le(e,"probe-key")}var He=e=>De(e,"tokens")??"",ze=(e,t)=>Le(e,"tokens",t);function Fe(e,t){
e.idempotencyKey=t,Le(e,"idempotency-key",t)}var Ue=globalThis.performance??Date,Be=()=>Ue.now(),Ge={accessToken:"",
refreshToken:"",user:null,claims:null,identity:{},subject:0,isRefresh:!1};function Ve(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var Je=e=>({read(t){try{
return globalThis[e].getItem(t)}catch{return}},write(t,r){try{r?globalThis[e].setItem(t,r):globalThis[e].removeItem(t)
}catch{}}}),Xe=Je("localStorage"),We=Je("sessionStorage"),Ye=e=>({__proto__:null,...e
}),Qe=(e,t="")=>Object.fromEntries(Object.entries(e).map(([e,r])=>[e.toLowerCase(),r.replaceAll("{clientId}",t)])),Ze=e=>"string"==typeof e?[e]:e??[]
;function et(e,{access:t,...r}){const n={...e};for(const[e,t]of Object.entries(r))n[e]=Ze(t)
;return void 0!==t&&(n.access=null===t?null:Ze(t)),n}var tt={__proto__:null,method:"POST",mode:"no-cors",
cache:"default",integrity:""};function rt({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var nt=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],st=["no-session","logout","expired","revoked","token-reused","other-tab","restore-failed"],ot=(e,t)=>"number"==typeof t&&t>=0&&t<=e,it=[250,2e3]
;function ct(e,t,r,n,s){let o=!1;const i=(e,t)=>{if(o)return;const c=((e,t)=>{const r=De(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:a,waitMs:u=0}=e,l="refresh-failed"===a&&(e=>void 0!==De(e,"sign-in-key"))(r)?Me(r):u,d="signed-in"===a&&"stale"===c,f="signed-out"===a&&"same"===c&&(e=>!!e.known&&De(e,"sign-in-key")===e.known)(r)||u>0&&0===l,h=it[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||s(Ye({...e,waitMs:Math.min(u,l)}),c)},c=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=Ye(e),{v:r,type:n,key:s="-",userId:o="",sub:i="",reason:c,waitMs:a=0,failures:u=0}=t
;return 1===r&&nt.includes(n)&&Pe(s)&&"string"==typeof o&&"string"==typeof i&&("signed-out"!==n||st.includes(c))&&ot($e,a)&&ot(65535,u)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;c&&n(()=>c.postMessage(t))},close(){o=!0,c?.close()}}}var at={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},ut=["invalid_client","unauthorized_client","invalid_request","unsupported_","invalid_scope","malformed"],lt=["csrf","xsrf","rate limit","rate_limit","ratelimit","throttle","too many","too_many"],dt=["credential","password","invalid_grant","invalid grant","invalid_login","invalid login","invalid user","invalid_user","invalid email","invalid_email","user not found","user_not_found","email not found","email_not_found","account not found","account_not_found"]
;function ft(e,t){for(let r=0;r<t.length;r+=1)if(h(e,t[r])>=0)return!0;return!1}function ht(e,t,r){
for(let n=0;n<e.length;n+=1){const s=b(e[n]),o=Number(p(s,0,3)),i=p(s,o?4:0);if((!o||o===t)&&h(r,i)>=0)return!0}return!1
}function pt(e){const{client:t,tokens:r,users:n,state:s,lock:o,crossTab:i,log:c,remembered:a}=e,u=(e,r,n=0)=>{
c(e?"warn":"debug","lock-requested",{steal:e}),o.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
c("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=De(e,"sign-in-key")
;return null!==t||e.known||null!==De(e,"asked")||Ce(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(s)},isRevocationPending(){return Ce(s)},notBeforeWait(){return Me(s)},storeNewKey(){return(e=>{Ke(e,qe()),Fe(e,qe())
})(s)},adoptStoredKey(){return(e=>{const t=De(e,"sign-in-key"),r=Pe(t)?t:e.known||qe();Ke(e,r,t!==r)})(s)},
useProbeKey(){return(e=>{const t=De(e,"probe-key");e.known||=Pe(t)?t:qe(),Le(e,"probe-key",e.known)})(s)},removeKey(){
(e=>{const t=De(e,"sign-in-key"),r=t&&t!==e.known;Ke(e,void 0,!r),r||(Fe(e,void 0),e.lastTokens=He(e)||e.lastTokens,
ze(e))})(s),a?.end()},replaceIdempotencyKey(){return(e=>{const t=De(e,"idempotency-key")
;t&&t!==e.idempotencyKey||Fe(e,qe())})(s)},storePendingRevocation(){return(e=>{Le(e,"pending-revocation","1"),
e.unstoredRevocation="1"!==De(e,"pending-revocation")})(s)},clearPendingRevocation(){(e=>{Le(e,"pending-revocation"),
e.unstoredRevocation=!1,e.lastTokens=""})(s),r.forgetRevoked()},storeNotBefore(e){
return((e,t)=>Le(e,"not-before",String(Date.now()+Math.min(Math.max(t,Me(e)),$e))))(s,e)},clearNotBefore(){
return(e=>Le(e,"not-before"))(s)},requestLock(e){return u(!1,e)},requestSettledLock(e){return u(!1,e,250)},stealLock(e){
return u(!0,e)},releaseLock:o.release,broadcast(e,t,r,s,o){const c="refresh-failed"===e?{waitMs:Math.min(s,$e),
failures:o}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...c})}}}
var bt=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??""),gt=[400,401,403,419,422,440,498],yt={
login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},mt={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},kt={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},vt={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function wt(e){const t=(()=>{
const e=globalThis.location?.origin;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,s={...n?mt:yt,...e.endpoints
},o=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:i,dpop:c=!1,renewBeforeSeconds:a=60,timeoutSeconds:u=10}=e,{tokenScheme:l=(c?"DPoP":"Bearer"),clientId:d,server:f={},remember:h="memory"}=e,{refresh:p}=f,b=e.transport??(n||V(p,"refresh}")||null===p?"body":"cookie"),g=((e,t,r)=>{
const{inBody:n,oauth2:s,tokenScheme:o,clientId:i,fields:c}=t,a=et({access:[c.accessToken],refresh:[c.refreshToken],
expiresIn:[c.expiresIn],user:[c.user],subject:[],step:[]},e.answer??{}),u=`${o} {access}`,l=(e,t,n,o={})=>{return Ye({
method:o.method??"POST",url:r(o.path??t),isForm:"form"===(o.as??(s?"form":"json")),body:void 0===o.body?n:o.body,
headers:o.headers?(i=o.headers,
Object.fromEntries(Object.entries(i).map(([e,t])=>[e.toLowerCase(),t]))):"logoutAll"===e?{authorization:u}:{},
before:o.before&&r(o.before),answer:o.answer?et(a,o.answer):a,authorizeOn401:"logout"!==e||s||o.headers?"":u});var i
},d=n?{[c.refreshToken.replace(/.*\./,"")]:"{refresh}"}:void 0,f={token:"{refresh}",token_type_hint:"refresh_token",
client_id:"{clientId}"},h={login:s?{grant_type:"password","...":"{credentials}",client_id:"{clientId}"}:"{credentials}",
refresh:s?{grant_type:"refresh_token",refresh_token:"{refresh}",client_id:"{clientId}"}:d,logout:s?f:d,logoutAll:s?f:d
},p={};for(const[t,r]of Object.entries(e.calls??{}))p[t]=l(t,`/${t}`,"{credentials}",r)
;for(const[r,n]of Object.entries(t.endpoints)){const t=e[r];p[r]=null===t?void 0:l(r,n,h[r],t)}return{calls:p,api:{
...e.api?Qe(e.api,i):{authorization:u}},user:void 0===e.user||"id_token"===e.user?e.user:r(e.user),over:e.over??[],
notOver:e.notOver??[]}})(f,{endpoints:s,inBody:"body"===b,oauth2:n,tokenScheme:l,clientId:d,fields:{...n?vt:kt,
...e.fields}
},e=>_t(e.replaceAll("{clientId}",encodeURIComponent(d??"")),r)),y=Object.keys(s).map(e=>[e,g.calls[e]?.url??_t(s[e],r)]),m=Object.fromEntries(y)
;return{idempotencyKey:new URL(m.refresh).origin===t,restore:"auto",crossTab:!0,
name:m.refresh===`${t}${yt.refresh}`?"default":m.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,clientId:d,transport:b,remember:h,sharesSession:"cookie"===b||"memory"!==h&&"tab"!==h,tokenScheme:l,
dpop:c,server:g,endpoints:m,origins:[...new Set(o)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof i?i:i&&(()=>i),renewBeforeMs:1e3*a,timeoutMs:1e3*u}}function _t(e,t){
const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function jt(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))jt(t)}return e}
var Tt=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},Ot=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}}),It=e=>wt(e).name,St={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,jwtLifetime:Number.NaN,
subject:0,renewable:!1};function Rt(e,t){const r=wt(e),n=(e=>{const t=[],r=r=>{Object.freeze(r.detail),
t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&z(()=>e(r))};return Object.assign((e,t,n)=>r({at:Date.now(),level:e,
event:t,...n&&{detail:n}}),{add:r,entries:()=>Object.freeze([...t])})})(r.onLog),s=r.sharesSession&&r.crossTab,i={
storage:Xe,tabStorage:We
},c=(a=r.name,l=(({sharesSession:e,remember:t},{storage:r,tabStorage:n})=>e?r:"tab"===t?n:void 0)(r,i),{prefix:xe(a),
store:l,known:void 0,idempotencyKey:void 0,lastTokens:"",unstoredRevocation:!1});var a,l;const d=((e,t)=>{
if("memory"!==e)return"object"==typeof e?(e=>{let t=Promise.resolve(),r=Promise.resolve("");const n=e=>{
const r=t.then(e).catch(()=>{});return t=r,r},s=()=>n(()=>e.get()).then(e=>e??"");return{read:s,write(t){n(()=>e.set(t))
},last:()=>r,end(){r=s(),n(()=>e.remove())}}})(e):{read:()=>He(t),write:e=>ze(t,e),last:()=>t.lastTokens,end(){}}
})(r.remember,c),f=()=>document.cookie,p=(()=>{const e=[];return{numberOf(t,r,n){const{userId:s,sub:o}=t
;if(void 0===s&&void 0===o)return 0;const i=e[r-1],c=i&&Ve(i,t);let a=c?r:e.findIndex(e=>Ve(e,t))+1;if(n&&a)return a
;if(!a&&i&&void 0===c){if(n)return 0;a=r}a||=e.push({});const{userId:u=s,sub:l=o}=e[a-1];return e[a-1]={userId:u,sub:l},
a},identityOf:t=>e[t-1]}})(),y=((e,t)=>{let r={__proto__:null},n=0,s=0,o=Ge,i=0,c=0,a="",u=0,l=0;return{receive(e,s){
n+=1;const o=t.numberOf(e.identity,s?i:0);return r[n]={...e,isRefresh:s,subject:o},{token:n,subject:o}},needsUser(e){
const t=r[e];return!(!t||null!==t.user||t.isRefresh&&t.subject>0&&null!==o.user)},received:e=>r[e]?.accessToken??"",
describe(e,n,s){const o=r[e];if(!o)return 0;const c=U(n);o.user=((e,{user:t})=>{const r=B(e,"data")
;return ne(t,e,re)??("object"==typeof r?r:e)})(c,s);const{userId:a,sub:u}=de(s.subject,o.user,c,o.claims)
;return o.identity={userId:a??o.identity.userId,sub:u??o.identity.sub},o.subject=t.numberOf(o.identity,o.isRefresh?i:0),
o.subject},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:a,subject:u}=o,l=n.isRefresh&&(n.subject||u)===(u||n.subject);o=l?{...n,
refreshToken:n.refreshToken||t,user:n.user??a,subject:n.subject||u}:n,i=o.subject,l||(c+=1),s=e}u=Be()+t,l=Date.now()+t
},block(){u=0},clear(){a=o.refreshToken||a,s=0,c+=1,o=Ge,u=0,r={__proto__:null}},discard(e){delete r[e]},
forgetRevoked(){a=""},currentId:()=>s,subject:()=>i,profile:()=>({user:o.user,claims:o.claims}),
isFresh:()=>Be()<u&&Date.now()<l,allows(t){for(let r=0;r<e.length;r+=1)if(0===h(t,e[r]))return!0;return!1},
generation:()=>c,accessToken:()=>o.accessToken,refreshToken:e=>o.refreshToken||(e?a:"")}
})(r.origins,p),k=t&&new Nt(t),S=e=>e(),R=((e,t,r)=>{const n=t?globalThis.navigator?.locks:void 0;let s=()=>{};return{
request(t,o,i){s();const c=new AbortController,{signal:a}=c,u=()=>r(()=>a.aborted||i()),l=()=>o>0?setTimeout(u,o):u()
;if(!n)return s=()=>c.abort(),z(l);const d=new Promise(e=>{s=()=>{c.abort(),e()}});n.request(e,Ye(t?{steal:t}:{signal:a
}),()=>(l(),d)).catch(({name:e})=>"AbortError"===e||l())},release:()=>r(s),close:()=>s()}
})(c.prefix,s,S),E=ct(c.prefix,s,c,S,(t,r)=>{const{type:s,reason:o,waitMs:i=0,failures:c=0}=t
;n("debug","message-received",{type:s,relation:r,waitMs:i,failures:c});const a=p.numberOf(t,y.subject(),!0)
;e.messageReceived(r,s,a,o,i,c)}),A=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:s,createError:i}=e,c=new Set((({calls:e})=>Object.values(e).flatMap(e=>e&&"GET"!==e.method?[e.url]:[]))(e.settings.server)),a=new Set
;let l=!1;function d(){const e=r.currentId();if(0===e)throw i(l?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,e.copyRequest).then(o=>{if(rt(e,o))return o;const i=e.handler.isRejected(o)
;return!1===i?o:(async(e,r,o,i)=>{if(!await i)return o;s("info","call-rejected",{status:o.status,token:r});const c=(e=>{
let t=2166136261;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0
})(O(e.request)),a=await F(t.tokenRejected(r,c),T(e.request))?e.copyRequest():void 0;if(!a)return o
;o.body?.cancel().catch(()=>{});const u=d(),l=await n(a,e.copyRequest)
;return!rt(e,l)&&await e.handler.isRejected(l)&&await t.retryRejected(u,c),l})(e,r,o,i)})}return{fetch(n,s,i=e.handler){
let l;try{l=new o(n,s)}catch(e){return Promise.reject(e)}const d=O(l),h=N(v(l),"authorization")
;if(!r.allows(d)||c.has(d)||h)return u(l);const p=((e,t,r)=>{
const n="string"==typeof t?t:void 0,s=null!==m(e)&&!/^(GET|HEAD)$/.test(w(e)),i=s&&void 0===n?((e,t)=>{
if("ReadableStream"===(r=t,Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return
;var r;const n=I(e);if(null!=t)return n;try{return new o(I(n),tt),n}catch{return void m(n)?.cancel().catch(()=>{})}
})(e,t):void 0;return{request:e,handler:r,copyRequest(){if(s&&void 0===n)return i&&I(i);if(void 0===n)return new o(e)
;const t=_(e),r=j(e);return new o(e,{__proto__:null,body:n,referrer:t,referrerPolicy:r})}}
})(l,s?.body,(e=>!e||!1!==Ye(Ye(e).auth).retry)(s)?i:{...i,isRejected:()=>!1});return new Promise((e,n)=>{a.add(n),
(r.isFresh()?f(p):F(t.requestToken(0),T(l)).then(()=>f(p))).then(e,n).then(()=>a.delete(n))})},async getAccessToken(e){
await t.requestToken(e),d();const n=r.accessToken();if(!n)throw i("TOKEN_IN_COOKIE");return n},rejectAll(e){
l||="DISPOSED"===e;for(const t of a)t(i(e));a.clear()}}})({settings:r,client:e,tokens:y,
sendAuthorized:Ee(y,r.server.api,k,f),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new Tt(e)}}),$={client(){return e},settings:r,tokens:y,users:p,requests:_e({settings:r,
tokens:y,idempotencyKey(){return(e=>{const t=De(e,"idempotency-key"),r=Pe(t)?t:e.idempotencyKey||qe();return Fe(e,r),r
})(c)},prover:k,cookies:f,remembered:d}),remembered:d,state:c,lock:R,crossTab:E,log:n,rejectCalls:A.rejectAll}
;return Object.freeze({...pt($),async sendAuthRequest(e,t,r,n){const s=void 0===t?void 0:{json:t,call:n
},{response:o,stated:i,failure:c,details:a}=await(async({settings:e,requests:t,state:r,log:n},s,o,i)=>{
const c=(t,r=!1)=>{const n=`${(({server:e,endpoints:t},r,n)=>{const s=e.calls[n?.call??r]
;return`${s?.method??"POST"} ${s?.url??t[r]}`})(e,s,o)}: ${t}`;var i;return r||(i=n,
bt&&console.warn(`tokenward: ${i}`)),n};try{
const a=await t.send(s,o,i),{status:u,code:l="",message:d,found:f,retryAfterMs:h,isPage:p,body:y}=a,m=u>=200&&u<300,k=((e,{status:t,code:r="",message:n="",isPage:s,isRefusal:o,isStep:i},{over:c,notOver:a})=>{
const u=b(`${r} ${n}`);if("refresh"===e){if(ht(a,t,u))return"request-fault";if(ht(c,t,u))return"over"}
return i?"step-required":g(at,r)?at[r]:g(at,n)?at[n]:!(s||ft(b(r),ut)||ft(u,lt))||s&&"login"===e?"login"===e?ft(u,dt)?"bad-credentials":void 0:o?"refused":void 0:"request-fault"
})(s,a,e.server),v=gt.includes(u)&&!p&&"request-fault"!==k;if((a.token||v)&&(e=>{null===De(e,"asked")&&Le(e,"asked","1")
})(r),(({token:e,expiresIn:t,jwtLifetime:r},n)=>{e&&Math.abs(t-r)>1&&n("warn","lifetimes-differ",{expiresIn:t,
jwtLifetime:r})})(a,n),n(m?"debug":"warn","auth-request",{endpoint:s,status:u,code:l.slice(0,40),retryAfterMs:h}),
m&&("logout"===s||"logoutAll"===s||a.token))return{response:a,details:""}
;const w=404===u||405===u?` (options.endpoints.${s})`:m?(({server:e},t,r)=>`; expected the member ${e.calls[t]?.answer.access?.join(" or ")} (options.fields), found ${r}`)(e,o?.call??s,f):""
;return{response:a,stated:k,
details:c(`status ${u}${"step-required"===k?"":w}${d?`; the server says: ${d}`:""}`,"refresh"===s&&401===u||"step-required"===k),
body:y}}catch(e){const t=e instanceof ve;return n("warn","auth-request",{endpoint:s,
failed:t?"options.authHeaders":e?.name}),t&&z(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",
details:c("options.authHeaders failed",!0)}:{failure:"network-error",
details:"AbortError"===e?.name?"":c("no response: offline, server down, or CORS")}}
})($,e,s,r),{status:u,retryAfterMs:l,token:d,subject:f,renewable:h,expiresIn:p,jwtLifetime:y}=o??St;return{status:u,
retryAfterMs:l,token:d,subject:f,renewable:h,expiresIn:p,jwtLifetime:y,...c&&{failure:c},details:a,code:i}},
abortAuthRequest:$.requests.abort,fetch(e,t){return A.fetch(e,t)},user(){return jt(y.profile().user)},jwtPayload(){
return Q(y.accessToken())},
getAccessToken:r.exposeToken?A.getAccessToken:()=>Promise.reject(new Tt("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
R.close(),E.close(),A.rejectAll("DISPOSED")}})}var Nt=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(s=>s.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(s=>s.send(e,t,r,n))}}
;export{Tt as CallError,It as clientName,Ot as createOptions,Rt as createPlatform};
