// Generated from js/rust/platform.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}
},s="document"in globalThis,{Request:o,Headers:i,XMLHttpRequest:c,URLSearchParams:a}=globalThis,{fetch:l}=globalThis,{parse:u,stringify:d}=JSON,{keys:f}=Object,h=r(String.prototype.indexOf),p=r(String.prototype.slice),y=r(String.prototype.toLowerCase),b=r(Object.prototype.hasOwnProperty),g=o?.prototype,m=n(g,"body"),v=n(g,"credentials"),k=n(g,"headers"),w=n(g,"method"),_=n(g,"referrer"),j=n(g,"referrerPolicy"),T=n(g,"signal"),O=n(g,"url"),S=g&&r(g.clone),I=i?.prototype,A=I&&r(I.set),N=I&&r(I.has),$=(I&&r(I.delete),
c?.prototype),R=$&&r($.open),E=$&&r($.send),x=$&&r($.abort),P=$&&r($.setRequestHeader),q=$&&r($.getAllResponseHeaders),D=$&&r($.addEventListener),L=$&&r(Object.getOwnPropertyDescriptor($,"withCredentials")?.set),M=n($,"status"),C=n($,"responseText"),K=n($,"responseURL"),H=e=>e.reason??new DOMException("the call was aborted","AbortError"),U=e=>{
Promise.resolve().then(e).catch(e=>setTimeout(()=>{throw e}))};function F(e,t){return t?new Promise((r,n)=>{
const s=()=>n(H(t))
;t.aborted&&s(),t.addEventListener("abort",s),e.then(r,n).finally(()=>t.removeEventListener("abort",s))}):e}
function z(e){try{return u(e)}catch{return null}}function B(e,t){let r=e;for(let e=0;"."!==t&&e<=t.length;){
const n=h(t,".",e),s=n<0?t.length:n,o=p(t,e,s);if("object"!=typeof r||null===r||!b(r,o))return;r=r[o],e=s+1}
return r??void 0}function V(e,t){
return"access"===e?t.access:"refresh"===e?t.refresh:"clientId"===e?t.clientId:"credentials"===e?void 0===t.credentials?void 0:u(t.credentials):0===h(e,"cookie:")?((e,t)=>{
const r=`; ${e};`,n=h(r,`; ${t}=`);if(n<0)return;const s=n+t.length+3,o=p(r,s,h(r,";",s));try{
return decodeURIComponent(o)}catch{return o}
})(t.cookies,p(e,7)):void 0===t.credentials?void 0:B(u(t.credentials),p(e,12))}function G(e,t){
if("string"==typeof e)return h(e,`{${t}`)>=0;if("object"!=typeof e||null===e)return!1;const r=f(e)
;for(let n=0;n<r.length;n+=1)if(G(e[r[n]],t))return!0;return!1}function J(e,t){let r="";for(let n=0;;){
const s=h(e,"{",n),o=s<0?-1:h(e,"}",s);if(o<0)return r+p(e,n);const i=V(p(e,s+1,o),t);if(null==i||""===i)return
;if(0===s&&o===e.length-1)return i;r+=p(e,n,s)+i,n=o+1}}function X(e,t,r,n){const s=f(e);for(let o=0;o<s.length;o+=1){
const i=s[o],c=n&&N(n,i)?void 0:J(e[i],t);void 0!==c&&r(i,`${c}`)}}var W=e=>"object"==typeof e&&null!==e?f(e):[]
;function Y(e,t){const r={__proto__:null},n=f(e);for(let s=0;s<n.length;s+=1){
const o=n[s],i=e[o],c="string"==typeof i?J(i,t):"object"==typeof i&&null!==i?Y(i,t):i;if("..."===o){const e=W(c)
;for(let t=0;t<e.length;t+=1)r[e[t]]=c[e[t]]}else void 0!==c&&(r[o]=c)}return r}function Z(e,t,r){if(null==e)return null
;if("{credentials}"===e&&!t)return r.credentials??null;const n="object"==typeof e?Y(e,r):"string"==typeof e?J(e,r):e
;return void 0===n||"object"==typeof n&&0===W(n).length&&W(e).length>0?null:t?new a(n):d(n)}function Q(e){
const t=h(e,"."),r=h(e,".",t+1);return r>t&&t>0?p(e,t+1,r):""}function ee(e){try{
const t=atob(Q(e).split("-").join("+").split("_").join("/")),r=z((new TextDecoder).decode(Uint8Array.from(t,e=>e.charCodeAt(0))))
;return"object"==typeof r?r:null}catch{return null}}
var te=e=>void 0===e?void 0:`${e}`,re=e=>"string"==typeof e?e:void 0,ne=()=>null;function se(e,t,r){
for(let n=0;n<e.length;n+=1){const s=e[n],o=0===h(s,"@")?r(p(s,1)):B(t,s);if(null!=o&&""!==o)return o}}
function oe(e,t,r,n=ne,s=!1){
const o=z(t),i=h(y(n("content-type")??""),"html")>=0||0===h(t,"<"),c=void 0!==se(r.step,o,n),a="null"===t,l=!e||c||i||a?void 0:((e,t,r,n)=>{
const{access:s}=t,o=s?(e=>{const t=h(e," ");return t<0?e:p(e,t+1)})(re(se(s,e,r))??""):""
;if(!o&&s&&(!0!==B(e,"success")||pe(e,8)))return;if(!s&&"object"==typeof e&&null!==e&&ie(e,t))return
;const i=se(t.user,e,r)??null??(n?ee(re(B(e,"id_token"))??""):null),c=ee(o);return{accessToken:o,
refreshToken:re(se(t.refresh,e,r))??"",user:i,claims:c,identity:fe(t.subject,i,e,c)}
})(o,r,n,s),u=void 0!==se(r.access??[],o,n)||void 0!==se(r.refresh,o,n),d="object"==typeof o&&null!==o,b=(e=>{
for(let t=0;t<ce.length;t+=1){const r=B(e,ce[t]);if("string"==typeof r)return r}})(o),g=(e=>{
for(let t=0;t<ae.length;t+=1){const r=le(B(e,ae[t]),4);if(r)return r}const t=le(B(e,"error"),1)
;if(t||"object"!=typeof e||null===e)return t;const r=f(e);for(let t=0;t<r.length;t+=1){const n=r[t],s=B(B(e,n),"0")
;if("string"==typeof s)return`${n}: ${s}`}})(o)??(null===o&&!i&&!a&&t.length<=1e3&&t?t:void 0);return{code:b,
message:g&&p(g,0,200),isRefusal:e?a||d&&ie(o,r):d&&!(!b&&!g),isPage:i,isStep:c,body:!d||!c&&e||u?void 0:o,
expiresIn:ue(r.expiresIn,o,n),jwtLifetime:Number(B(l?.claims,"exp"))-Number(B(l?.claims,"iat")),issued:l,
found:e&&!l?he(o)||"no JSON object":""}}function ie(e,{access:t,user:r}){if(!1===B(e,"success"))return!0;const n=t??r
;for(let t=0;t<n.length;t+=1){const r=n[t];if(b(e,r)&&null===e[r])return!0}return!1}
var ce=["error.code","errors.0.extensions.code","errors.0.code","error_code","code","__type","error","error.status","error.name"],ae=["error.message","error_description","message","detail","msg","errors","title","non_field_errors"]
;function le(e,t){if("string"==typeof e)return e;if("object"!=typeof e||null===e||0===t)return
;const r=B(e,"message")??B(e,"msg")??B(e,"detail");if("string"==typeof r)return r;const n=f(e)
;for(let r=0;r<n.length;r+=1){const s=le(e[n[r]],t-1);if(s)return s}}function ue(e,t,r){for(let n=0;n<e.length;n+=1){
const s=e[n],o=h(s," "),i=o<0?"s":p(s,o+1),c=se([o<0?s:p(s,0,o)],t,r),a=void 0===c?Number.NaN:de(c,i,Date.parse(r("date")??""))
;if(!Number.isNaN(a))return a}return Number.NaN}function de(e,t,r){
const n=Number("string"==typeof e?e.trim()||Number.NaN:e)
;return"ms"===t?n/1e3:"at"!==t?n:((Number.isNaN(n)?Date.parse(String(e)):n>1e11?n:1e3*n)-(r||Date.now()))/1e3}
function fe(e,t,r,n){if(0===e.length)return((e,t)=>({userId:te(B(e,"id")??B(e,"pk")??B(e,"user_id")),
sub:te(B(e,"sub")??B(t,"sub")??B(t,"user_id"))}))(t,n);const s=se(e,t,ne)??se(e,r,ne)??se(e,n,ne);return{sub:te(s)}}
function he(e,t=""){if("object"!=typeof e||null===e)return"";let r="";const n=f(e);for(let s=0;s<n.length&&s<20;s+=1){
const o=p(n[s],0,40);r+=`${r&&", "}${(t?"":he(e[o],`${o}.`))||t+o}`}return r}function pe(e,t){
if("object"!=typeof e||null===e||0===t)return!1;const r=f(e);for(let n=0;n<r.length;n+=1){const s=y(r[n])
;if(h(s,"token")>=0&&h(s,"csrf")<0&&h(s,"xsrf")<0||pe(e[r[n]],t-1))return!0}return!1}
var ye=()=>null,be=e=>"logout"===e||"logoutAll"===e,ge=({settings:e})=>e.server.calls.login.answer
;function me(e,{endpoint:t,call:r},n,s,o,i){e.prover?.learnNonce(r?.url??"",o("dpop-nonce"))
;const c=s>=200&&s<300,a=r?.answer??ge(e),{issued:l,...u}=oe(c,i,a,o,"id_token"===e.settings.server.user)
;return ve(e,t,n,{...u,status:s,retryAfterMs:((e,t)=>{
const r=e??"",n=/^\s*\d+\s*$/.test(r)?1e3*Number(r):Date.parse(r)-(Date.parse(t??"")||Date.now())
;return Math.max(n,0)||0})(o("retry-after"),o("date"))},l)}function ve(e,t,r,n,s){if(!s)return{...n,token:0,subject:0,
renewable:!1};const{tokens:o,remembered:i,inBody:c}=e,{refresh:a}=e.settings.server.calls,l="refresh"===t
;s.refreshToken=c?s.refreshToken||(l?r.refresh:""):"";const u=c&&G(a,"refresh}"),f=!(!a||u&&""===s.refreshToken)
;return l&&!o.currentId()&&(s.user??=B(r.kept,"user")??null),
i&&(({remembered:e,keepsAccess:t},{accessToken:r,refreshToken:n,user:s},{expiresIn:o,jwtLifetime:i})=>{
const c=o>0?o:i,a=c>0?Date.now()+1e3*c:null,l=t?r:"";e?.write(d({__proto__:null,refresh:n,access:l,until:a,user:s}))
})(e,s,n),{...n,...o.receive(s,l),renewable:f}}
function ke({method:e,url:t,headers:r,setHeaders:n,body:o,withCredentials:i,signal:a},l){return new Promise((u,d)=>{
const f=new c;R(f,e,t),L(f,i),r.forEach((e,t)=>{P(f,t,e)}),n((e,t)=>{P(f,e,t)}),D(f,"loadend",()=>{
const e=M(f),r=C(f),n=K(f)!==t,o=q(f)
;s&&R(f,"POST",t),x(f),!e||n?d(a.reason??new TypeError("no response")):u(l(e,e=>((e,t)=>{
const r=`\r\n${e}`,n=h(r,`\r\n${t}: `),s=n+t.length+4;return n<0?null:p(r,s,h(r,"\r\n",s))})(o,e),r))});const y=()=>x(f)
;a.addEventListener("abort",y),E(f,o),a.aborted&&y()})}var we=class extends Error{},_e=e=>"function"==typeof e?.then
;function je(e){const{settings:t,tokens:r,remembered:n}=e,{calls:s,api:o}=t.server,i={...e,inBody:"body"===t.transport,
usesCookies:G({...s,api:o},"cookie:"),keepsAccess:!s.refresh||G(s.refresh,"access}")};let c=()=>{};return{send(e,o,a){
const l=new AbortController;c=()=>l.abort();const{signal:u}=l;a?.aborted&&l.abort(H(a)),
a?.addEventListener("abort",()=>l.abort(H(a)),{signal:u});const d=s[o?.call??e],f={__proto__:null,endpoint:e,call:d,
signal:u,login:o,access:r.accessToken(),refresh:r.refreshToken(be(e))},h=(({authHeaders:e})=>{const t=e=>{
throw new we("",{cause:e})};try{const r=e?.()
;return _e(r)?Promise.resolve(r).then(e=>new Headers(e)).catch(t):new Headers(r)}catch(e){return t(e)}})(t)
;return _e(h)||i.usesCookies||n||d?.before?(async(e,t,r)=>{
const{endpoint:n,call:s,signal:o}=t,{remembered:i}=e,c=await F(Promise.resolve(r),o);s?.before&&await Oe(e,s.before,o)
;const a=e.usesCookies?await e.cookies():"";let l="";return i&&"refresh"===n&&(l=await i.read()),
i&&be(n)&&(l=await i.last()),Se(e,t,c,a,l)})(i,f,h):Se(i,f,h,"","")},abort(){return c()}}}
var Te=({inBody:e},t,r,n,s=()=>{},o=null,i=new Headers)=>({__proto__:null,method:r,url:n,headers:i,setHeaders:s,body:o,
withCredentials:!e,signal:t}),Oe=(e,t,r)=>ke(Te(e,r,"GET",t),()=>{}).catch(()=>{});function Se(e,t,r,n,s){
const{endpoint:i,call:c,login:a,signal:u}=t,{prover:d,settings:f}=e,h=s?z(s):void 0,p={__proto__:null,
access:t.access||Ne(h,"access"),refresh:Ne(h,"refresh")||t.refresh,credentials:a?.json,clientId:f.clientId,cookies:n,
kept:h},y=()=>a?.isAnswer?Promise.resolve(me(e,t,p,200,ye,a.json)):((e,t,r,n)=>{
const{endpoint:s,call:i,signal:c}=t,{inBody:a}=e;if(!i||a&&"refresh"===s&&$e(i,n))return Promise.resolve(((e,t,r)=>{
const{endpoint:n}=t,s=Number(B(r.kept,"until")??Number.POSITIVE_INFINITY),o="refresh"===n&&!e.tokens.currentId()&&s>Date.now(),i=ge(e),c=o?((e,t)=>{
const r=re(B(e,"access"))??"";if(!r)return;const n=B(e,"user")??null,s=ee(r);return{accessToken:r,refreshToken:"",
user:n,claims:s,identity:fe(t.subject,n,null,s)}})(r.kept,i):void 0
;if(!c)return me(e,t,r,be(n)?404:401,ye,'{"code":"NO_REFRESH_TOKEN"}')
;const a=Number.isFinite(s)?(s-Date.now())/1e3:Number.NaN;return ve(e,n,r,{...oe(!1,"",i),expiresIn:a,status:200,
retryAfterMs:0},c)})(e,t,n));const u=Z(i.body,i.isForm,n),d="refresh"===s&&e.settings.idempotencyKey&&e.idempotencyKey()
;return d&&r.set("idempotency-key",d),
"string"!=typeof u||N(r,"content-type")||b(i.headers,"content-type")||r.set("content-type","application/json"),
be(s)?(async(e,t,r,n,s,i)=>{let c=n;const a=async(n,i)=>{const a=(({method:e,url:t},r,n,s,i)=>new o(t,{__proto__:null,
method:e,headers:r,body:n,credentials:s?"omit":"include",cache:"no-store",redirect:"error",keepalive:!0,signal:i
}))(r,s,i,e.inBody,t.signal),u=(e,t)=>A(k(a),e,t);X(r.headers,c,u,s),X(n,c,u);const d=await l(a),f=await d.text()
;return me(e,t,c,d.status,e=>d.headers.get(e),f)},{authorizeOn401:u}=r,d=u?{authorization:u
}:{},f=!!c.access&&(!!u||G(r.headers,"access}"));let h=await a({},i)
;return 401===h.status&&c.access&&u&&(h=await a(d,i)),401===h.status&&f?(await(async(e,{signal:t},r,n)=>{
const s=e.settings.server.calls.refresh;if(!s||e.inBody&&$e(s,r))return
;const{answer:o}=s,i=Te(e,t,s.method,s.url,e=>X(s.headers,r,e),Z(s.body,s.isForm,r),new Headers(s.body&&!s.isForm?Ie:void 0))
;await ke(i,(e,t,s)=>{const{issued:i}=oe(e<300,s,o,t);if(!i)return;const{accessToken:c,refreshToken:a}=i;n({...r,
__proto__:null,access:c,refresh:a||r.refresh})}).catch(()=>{})})(e,t,c,e=>{c=e}),c===n?h:a(d,Z(r.body,r.isForm,c))):h
})(e,t,i,n,r,u):ke(Te(e,c,i.method,i.url,e=>X(i.headers,n,e,r),u,r),(r,s,o)=>me(e,t,n,r,s,o))
})(e,t,r,p),g=d&&"logout"!==i&&c?d.sendAuthRequest(r,c.url,be(i)?p.access:"",y):y()
;return f.server.user?g.then(t=>(async(e,t,r,n)=>{const{token:s}=t,{tokens:o,settings:i}=e,{user:c,api:a}=i.server
;if(!s||!c||"id_token"===c||!o.needsUser(s))return t;const l={...Ae,__proto__:null,access:o.received(s),cookies:n
},u=Te(e,r,"GET",c,e=>X(a,l,e)),d=await ke(u,(t,r,n)=>o.describe(s,t<300?n:"",ge(e))).catch(()=>t.subject);return{...t,
subject:d}})(e,t,u,n)):g}var Ie=[["content-type","application/json"]],Ae={access:"",refresh:"",credentials:void 0,
clientId:void 0,cookies:"",kept:void 0};function Ne(e,t){const r=B(e,t);return"string"==typeof r?r:""}
var $e=(e,{refresh:t,access:r})=>G(e,"refresh}")?!t:G(e,"access}")&&!r;function Re(e,t,r,n){const s=(e=>{
const t=/^(\S+ )\{access\}$/.exec(e.authorization??"")?.[1];return t&&1===Object.keys(e).length?(e,r)=>{
r&&A(k(e),"authorization",t+r)}:(t,r,n)=>X(e,{__proto__:null,access:r,refresh:"",credentials:void 0,clientId:void 0,
cookies:n,kept:void 0},(e,r)=>A(k(t),e,r))})(t),i=(t,n,i)=>{
if(r&&e.accessToken())return r.send(t,n,e,t=>s(t,e.accessToken(),i))
;const c=e.accessToken()||"same-origin"!==v(t)?t:new o(t,{__proto__:null,credentials:"include"})
;return s(c,e.accessToken(),i),l(c)};return(e=>G(e,"cookie:"))(t)?async(e,t)=>i(e,t,await n()):(e,t)=>i(e,t,"")}
var Ee=/^[\x21-\x7e]{1,128}$/,xe=864e5,Pe=e=>`tokenward:v1:${e}`,qe=e=>"string"==typeof e&&Ee.test(e),De=()=>crypto.getRandomValues(new Uint32Array(4)).join(""),Le=({store:e,prefix:t},r)=>e?.read(`${t}:${r}`),Me=({store:e,prefix:t},r,n)=>e?.write(`${t}:${r}`,n)
;function Ce(e){const t=Number(Le(e,"not-before")??0)-Date.now();return t>0&&t<=xe?t:0}
var Ke=e=>e.unstoredRevocation||"1"===Le(e,"pending-revocation");function He(e,t,r=!0){e.known=t,
r&&Me(e,"sign-in-key",t),Me(e,"probe-key")}var Ue=e=>Le(e,"tokens")??"",Fe=(e,t)=>Me(e,"tokens",t);function ze(e,t){
e.idempotencyKey=t,Me(e,"idempotency-key",t)}var Be=globalThis.performance??Date,Ve=()=>Be.now(),Ge={accessToken:"",
refreshToken:"",user:null,claims:null,identity:{},subject:0,isRefresh:!1};function Je(e,t){
for(const r of["userId","sub"])if(void 0!==e[r]&&void 0!==t[r])return e[r]===t[r]}var Xe=e=>({read(t){try{
return globalThis[e].getItem(t)}catch{return}},write(t,r){try{r?globalThis[e].setItem(t,r):globalThis[e].removeItem(t)
}catch{}}}),We=Xe("localStorage"),Ye=Xe("sessionStorage"),Ze=e=>({__proto__:null,...e}),Qe=class extends Error{
name="AuthError";code;status;retryable;retryAfterSeconds;body;constructor(e,t,r={}){const n=Ze(r);super(`${e}: ${t}`,n),
this.code=e,this.status=n.status??null,this.retryable=n.retryable??!1,this.retryAfterSeconds=n.retryAfterSeconds??null,
this.body=n.body}},et={timeout:"timeoutSeconds",renewBefore:"renewBeforeSeconds",minValidity:"minValiditySeconds"
},tt=(e,t)=>(r,n)=>t(n)?n:kt(r,e,n),rt=e=>(t,r)=>{"object"==typeof r&&r&&!Array.isArray(r)||kt(t,"an object",r)
;const n={__proto__:null};for(const[s,o]of Object.entries(r)){const r=`${t}.${s}`,i=Object.keys(e).includes(s)&&e[s]
;if(!i){const t=Object.keys(et).includes(s)&&et[s]
;kt(r,t||`one of ${Object.keys(e).join(", ")}`,s,t&&`: renamed to ${t}`)}void 0!==o&&(n[s]=i(r,o))}return n
},nt=(...e)=>tt(e.map(e=>"string"==typeof e?`"${e}"`:e).join(" or "),t=>e.includes(t)),st=(e,t,r=()=>!0)=>tt(e,e=>{try{
const n=new URL(e,t)
;return("string"==typeof e||e instanceof URL)&&""!==e&&/^https?:$/.test(n.protocol)&&!(n.username||n.password)&&r(n)
}catch{return!1}
}),ot=tt("a string that is not empty",e=>"string"==typeof e&&""!==e),it=st("a path or an http(s) URL","http://localhost"),ct=/^\{(access|refresh|clientId|credentials(\..+)?|cookie:.+)\}$/,at=e=>e.match(/\{[^}]*\}/g)??[],lt=tt("a text whose placeholders are {access}, {refresh}, {credentials}, {credentials.NAME}, {clientId} or {cookie:NAME}",e=>"string"==typeof e&&at(e).every(e=>ct.test(e))),ut=(e,t)=>(it(e,t),
at(String(t)).every(e=>"{clientId}"===e)?t:kt(e,"a path with no placeholder but {clientId}",t)),dt=e=>(t,r)=>rt(Object.fromEntries(Object.keys(Object(r)).map(t=>[t,e])))(t,r),ft=(e,t)=>"string"==typeof t?lt(e,t):"object"==typeof t&&t?dt(ft)(e,t):null===t||"boolean"==typeof t||Number.isFinite(t)?t:void kt(e,"a text, a number, a boolean, null or an object",t),ht=e=>(t,r)=>null===r?null:e(t,r),pt=(e,t)=>Array.isArray(t)?t.map((t,r)=>ot(`${e}[${r}]`,t)):kt(e,"an array of texts",t),yt=ht((e,t)=>Array.isArray(t)?pt(e,t):ot(e,t)),bt=rt({
access:yt,refresh:yt,expiresIn:yt,user:yt,subject:yt,step:yt}),gt=rt({path:ut,
method:tt('an HTTP method, such as "POST"',e=>"string"==typeof e&&/^[A-Z]+$/.test(e)),as:nt("json","form"),body:ft,
headers:dt(lt),before:ut,answer:bt}),mt=["login","refresh","logout","logoutAll"],vt=rt({login:gt,refresh:ht(gt),
logout:ht(gt),logoutAll:ht(gt),calls(e,t){const r=dt(gt)(e,t)
;for(const t of Object.keys(r))mt.includes(t)&&kt(`${e}.${t}`,`a name that is not one of ${mt.join(", ")}`,t);return r},
api:dt(lt),answer:bt,user(e,t){return"id_token"===t?t:ut(e,t)},over:pt,notOver:pt});function kt(e,t,r,n=""){
const s="string"==typeof r?JSON.stringify(r):"object"==typeof r&&r?"an "+(Array.isArray(r)?"array":"object"):String(r)
;throw new Qe("INVALID_OPTIONS",`${e}: expected ${t}, got ${s.slice(0,80)}${n||""}`)}
var wt=(e,t="")=>Object.fromEntries(Object.entries(e).map(([e,r])=>[e.toLowerCase(),r.replaceAll("{clientId}",t)])),_t=e=>"string"==typeof e?[e]:e??[]
;function jt(e,{access:t,...r}){const n={...e};for(const[e,t]of Object.entries(r))n[e]=_t(t)
;return void 0!==t&&(n.access=null===t?null:_t(t)),n}var Tt={__proto__:null,method:"POST",mode:"no-cors",
cache:"default",integrity:""};function Ot({handler:e},t){if(401!==t.status&&403!==t.status)return!1
;const r=t.headers.get("www-authenticate")??"",n=/error="?insufficient_(scope|user_authentication)\b/i.test(r)
;return n&&e.onStepUp(t.clone()),n}
var St=["signed-in","signed-out","refreshed","refresh-failed","lock-stolen"],It=["no-session","logout","expired","revoked","token-reused","other-tab","restore-failed"],At=(e,t)=>"number"==typeof t&&t>=0&&t<=e,Nt=[250,2e3]
;function $t(e,t,r,n,s){let o=!1;const i=(e,t)=>{if(o)return;const c=((e,t)=>{const r=Le(e,"sign-in-key")
;return void 0===r||t===e.known?"same":t===r?"current":"stale"
})(r,e.key),{type:a,waitMs:l=0}=e,u="refresh-failed"===a&&(e=>void 0!==Le(e,"sign-in-key"))(r)?Ce(r):l,d="signed-in"===a&&"stale"===c,f="signed-out"===a&&"same"===c&&(e=>!!e.known&&Le(e,"sign-in-key")===e.known)(r)||l>0&&0===u,h=Nt[t]
;void 0!==h&&(f||d&&0===t)?setTimeout(()=>n(()=>i(e,t+1)),h):f||s(Ze({...e,waitMs:Math.min(l,u)}),c)},c=t?(e=>{let t
;try{t=new BroadcastChannel(e)}catch{return}return t.onmessage=({data:e})=>{const t=(e=>{
const t=Ze(e),{v:r,type:n,key:s="-",userId:o="",sub:i="",reason:c,waitMs:a=0,failures:l=0}=t
;return 1===r&&St.includes(n)&&qe(s)&&"string"==typeof o&&"string"==typeof i&&("signed-out"!==n||It.includes(c))&&At(xe,a)&&At(65535,l)?t:void 0
})(e);t&&(e=>{n(()=>i(e,0))})(t)},t})(e):void 0;return{broadcast(e){const t={...e,v:1,key:r.known}
;c&&n(()=>c.postMessage(t))},close(){o=!0,c?.close()}}}var Rt={NO_REFRESH_TOKEN:"ended",INVALID_REFRESH_TOKEN:"ended",
invalid_grant:"ended",REFRESH_TOKEN_REUSED:"token-reused",TOKEN_REVOKED:"revoked"
},Et=["invalid_client","unauthorized_client","invalid_request","unsupported_","invalid_scope","malformed"],xt=["csrf","xsrf","rate limit","rate_limit","ratelimit","throttle","too many","too_many"],Pt=["credential","password","invalid_grant","invalid grant","invalid_login","invalid login","invalid user","invalid_user","invalid email","invalid_email","user not found","user_not_found","email not found","email_not_found","account not found","account_not_found"]
;function qt(e,t){for(let r=0;r<t.length;r+=1)if(h(e,t[r])>=0)return!0;return!1}function Dt(e,t,r){
for(let n=0;n<e.length;n+=1){const s=y(e[n]),o=Number(p(s,0,3)),i=p(s,o?4:0);if((!o||o===t)&&h(r,i)>=0)return!0}return!1
}function Lt(e){const{client:t,tokens:r,users:n,state:s,lock:o,crossTab:i,log:c,remembered:a}=e,l=(e,r,n=0)=>{
c(e?"warn":"debug","lock-requested",{steal:e}),o.request(e,n,()=>t().lockGranted(r))};return{setToken(e,t){
c("debug","token-set",{token:e,freshForMs:t}),r.set(e,t)},blockCalls:r.block,clearTokens:r.clear,discardToken:r.discard,
abortCalls(){return e.rejectCalls("SESSION_ENDED")},hintState(){return(e=>{const t=Le(e,"sign-in-key")
;return null!==t||e.known||null!==Le(e,"asked")||Ke(e)?void 0===t||(t??void 0)===e.known?"same":null===t?"removed":"other":"unasked"
})(s)},isRevocationPending(){return Ke(s)},notBeforeWait(){return Ce(s)},storeNewKey(){return(e=>{He(e,De()),ze(e,De())
})(s)},adoptStoredKey(){return(e=>{const t=Le(e,"sign-in-key"),r=qe(t)?t:e.known||De();He(e,r,t!==r)})(s)},
useProbeKey(){return(e=>{const t=Le(e,"probe-key");e.known||=qe(t)?t:De(),Me(e,"probe-key",e.known)})(s)},removeKey(){
(e=>{const t=Le(e,"sign-in-key"),r=t&&t!==e.known;He(e,void 0,!r),r||(ze(e,void 0),e.lastTokens=Ue(e)||e.lastTokens,
Fe(e))})(s),a?.end()},replaceIdempotencyKey(){return(e=>{const t=Le(e,"idempotency-key")
;t&&t!==e.idempotencyKey||ze(e,De())})(s)},storePendingRevocation(){return(e=>{Me(e,"pending-revocation","1"),
e.unstoredRevocation="1"!==Le(e,"pending-revocation")})(s)},clearPendingRevocation(){(e=>{Me(e,"pending-revocation"),
e.unstoredRevocation=!1,e.lastTokens=""})(s),r.forgetRevoked()},storeNotBefore(e){
return((e,t)=>Me(e,"not-before",String(Date.now()+Math.min(Math.max(t,Ce(e)),xe))))(s,e)},clearNotBefore(){
return(e=>Me(e,"not-before"))(s)},requestLock(e){return l(!1,e)},requestSettledLock(e){return l(!1,e,250)},stealLock(e){
return l(!0,e)},releaseLock:o.release,broadcast(e,t,r,s,o){const c="refresh-failed"===e?{waitMs:Math.min(s,xe),
failures:o}:r?{reason:r}:n.identityOf(t);i.broadcast({type:e,...c})}}}
var Mt=/^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(globalThis.location?.hostname??""),Ct=[400,401,403,419,422,440,498],Kt={
login:"/auth/login",refresh:"/auth/refresh",logout:"/auth/logout",logoutAll:"/auth/logout-all"},Ht={
login:"/oauth/token",refresh:"/oauth/token",logout:"/oauth/revoke",logoutAll:"/oauth/revoke"},Ut={
accessToken:"accessToken",refreshToken:"refreshToken",expiresIn:"expiresIn",user:"user"},Ft={accessToken:"access_token",
refreshToken:"refresh_token",expiresIn:"expires_in",user:"user"};function zt(e){const t=(()=>{
const e=globalThis.location?.origin;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0
})(),r=new URL(e.baseUrl??t??"http://localhost"),n="oauth2"===e.protocol,s={...n?Ht:Kt,...e.endpoints
},o=[t,r,...e.apiOrigins??[]].map(e=>e&&new URL(e).origin),{authHeaders:i,dpop:c=!1,renewBeforeSeconds:a=60,timeoutSeconds:l=10}=e,{tokenScheme:u=(c?"DPoP":"Bearer"),clientId:d,server:f={},remember:h="memory"}=e,{refresh:p}=f,y=e.transport??(n||G(p,"refresh}")||null===p?"body":"cookie"),b=((e,t,r)=>{
const{inBody:n,oauth2:s,tokenScheme:o,clientId:i,fields:c}=t,a=jt({access:[c.accessToken],refresh:[c.refreshToken],
expiresIn:[c.expiresIn],user:[c.user],subject:[],step:[]},e.answer??{}),l=`${o} {access}`,u=(e,t,n,o={})=>{return Ze({
method:o.method??"POST",url:r(o.path??t),isForm:"form"===(o.as??(s?"form":"json")),body:void 0===o.body?n:o.body,
headers:o.headers?(i=o.headers,
Object.fromEntries(Object.entries(i).map(([e,t])=>[e.toLowerCase(),t]))):"logoutAll"===e?{authorization:l}:{},
before:o.before&&r(o.before),answer:o.answer?jt(a,o.answer):a,authorizeOn401:"logout"!==e||s||o.headers?"":l});var i
},d=n?{[c.refreshToken.replace(/.*\./,"")]:"{refresh}"}:void 0,f={token:"{refresh}",token_type_hint:"refresh_token",
client_id:"{clientId}"},h={login:s?{grant_type:"password","...":"{credentials}",client_id:"{clientId}"}:"{credentials}",
refresh:s?{grant_type:"refresh_token",refresh_token:"{refresh}",client_id:"{clientId}"}:d,logout:s?f:d,logoutAll:s?f:d
},p={};for(const[t,r]of Object.entries(e.calls??{}))p[t]=u(t,`/${t}`,"{credentials}",r)
;for(const[r,n]of Object.entries(t.endpoints)){const t=e[r];p[r]=null===t?void 0:u(r,n,h[r],t)}return{calls:p,api:{
...e.api?wt(e.api,i):{authorization:l}},user:void 0===e.user||"id_token"===e.user?e.user:r(e.user),over:e.over??[],
notOver:e.notOver??[]}})(f,{endpoints:s,inBody:"body"===y,oauth2:n,tokenScheme:u,clientId:d,fields:{...n?Ft:Ut,
...e.fields}
},e=>Bt(e.replaceAll("{clientId}",encodeURIComponent(d??"")),r)),g=Object.keys(s).map(e=>[e,b.calls[e]?.url??Bt(s[e],r)]),m=Object.fromEntries(g)
;return{idempotencyKey:new URL(m.refresh).origin===t,restore:"auto",crossTab:!0,
name:m.refresh===`${t}${Kt.refresh}`?"default":m.refresh,isolation:"page",exposeToken:!1,shouldRefresh:void 0,
onLog:void 0,...e,clientId:d,transport:y,remember:h,sharesSession:"cookie"===y||"memory"!==h&&"tab"!==h,tokenScheme:u,
dpop:c,server:b,endpoints:m,origins:[...new Set(o)].filter(e=>e).map(e=>`${e}/`),
authHeaders:"function"==typeof i?i:i&&(()=>i),renewBeforeMs:1e3*a,timeoutMs:1e3*l}}function Bt(e,t){
const r=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,r).href}function Vt(e){
if("object"==typeof e&&null!==e&&!Object.isFrozen(e)){Object.freeze(e);for(const t of Object.values(e))Vt(t)}return e}
var Gt=class extends Error{constructor(e,t=0,r=0,n=""){super(e),this.code=e,this.status=t,this.retryAfterMs=r,
this.details=n}code;status;retryAfterMs;details},Jt=()=>({__proto__:null,endpoints:{__proto__:null},fields:{
__proto__:null}});function Xt(e,t){try{return void(e.server=vt("server","string"==typeof t?z(t):t))}catch(e){
return/^\w+: (.*?): expected (.*), got (.*)$/s.exec(e.message)?.slice(1)}}function Wt(e){
const{name:t,sharesSession:r,remember:n}=zt(e);return r||"memory"!==n?t:void 0}var Yt=(e,t,r)=>({__proto__:null,json:e,
call:t,isAnswer:r}),Zt=(e,t)=>Yt(e,t,!1),Qt=e=>Yt(e,void 0,!0),er={status:0,retryAfterMs:0,token:0,expiresIn:Number.NaN,
jwtLifetime:Number.NaN,subject:0,renewable:!1},tr={storage:We,tabStorage:Ye}
;function rr({response:e,stated:t,failure:r,details:n,body:s}){
const{status:o,retryAfterMs:i,token:c,subject:a,renewable:l,expiresIn:u,jwtLifetime:f}=e??er;return{status:o,
retryAfterMs:i,token:c,subject:a,renewable:l,expiresIn:u,jwtLifetime:f,...r&&{failure:r},details:n,
body:void 0===s?"":d(s),code:t}}function nr(e,t){const r=zt(e),n=(e=>{const t=[],r=r=>{Object.freeze(r.detail),
t.push(Object.freeze(r)),t.length>100&&t.shift(),e&&U(()=>e(r))};return Object.assign((e,t,n)=>r({at:Date.now(),level:e,
event:t,...n&&{detail:n}}),{add:r,entries:()=>Object.freeze([...t])})
})(r.onLog),s=r.sharesSession&&r.crossTab,i=(c=r.name,
a=(({sharesSession:e,remember:t},{storage:r,tabStorage:n})=>e?r:"tab"===t?n:void 0)(r,tr),{prefix:Pe(c),store:a,
known:void 0,idempotencyKey:void 0,lastTokens:"",unstoredRevocation:!1});var c,a;const u=((e,t)=>{
if("memory"!==e)return"object"==typeof e?(e=>{let t=Promise.resolve(),r=Promise.resolve("");const n=e=>{
const r=t.then(e).catch(()=>{});return t=r,r},s=()=>n(()=>e.get()).then(e=>e??"");return{read:s,write(t){n(()=>e.set(t))
},last:()=>r,end(){r=s(),n(()=>e.remove())}}})(e):{read:()=>Ue(t),write:e=>Fe(t,e),last:()=>t.lastTokens,end(){}}
})(r.remember,i),d=()=>document.cookie,f=(()=>{const e=[];return{numberOf(t,r,n){const{userId:s,sub:o}=t
;if(void 0===s&&void 0===o)return 0;const i=e[r-1],c=i&&Je(i,t);let a=c?r:e.findIndex(e=>Je(e,t))+1;if(n&&a)return a
;if(!a&&i&&void 0===c){if(n)return 0;a=r}a||=e.push({});const{userId:l=s,sub:u=o}=e[a-1];return e[a-1]={userId:l,sub:u},
a},identityOf:t=>e[t-1]}})(),p=((e,t)=>{let r={__proto__:null},n=0,s=0,o=Ge,i=0,c=0,a="",l=0,u=0;return{receive(e,s){
n+=1;const o=t.numberOf(e.identity,s?i:0);return r[n]={...e,isRefresh:s,subject:o},{token:n,subject:o}},needsUser(e){
const t=r[e];return!(!t||null!==t.user||t.isRefresh&&t.subject>0&&null!==o.user)},received:e=>r[e]?.accessToken??"",
describe(e,n,s){const o=r[e];if(!o)return 0;const c=z(n);o.user=((e,{user:t})=>{const r=B(e,"data")
;return se(t,e,ne)??("object"==typeof r?r:e)})(c,s);const{userId:a,sub:l}=fe(s.subject,o.user,c,o.claims)
;return o.identity={userId:a??o.identity.userId,sub:l??o.identity.sub},o.subject=t.numberOf(o.identity,o.isRefresh?i:0),
o.subject},set(e,t){const n=r[e];if(n){r={__proto__:null}
;const{refreshToken:t,user:a,subject:l}=o,u=n.isRefresh&&(n.subject||l)===(l||n.subject);o=u?{...n,
refreshToken:n.refreshToken||t,user:n.user??a,subject:n.subject||l}:n,i=o.subject,u||(c+=1),s=e}l=Ve()+t,u=Date.now()+t
},block(){l=0},clear(){a=o.refreshToken||a,s=0,c+=1,o=Ge,l=0,r={__proto__:null}},discard(e){delete r[e]},
forgetRevoked(){a=""},currentId:()=>s,subject:()=>i,profile:()=>({user:o.user,claims:o.claims}),
isFresh:()=>Ve()<l&&Date.now()<u,allows(t){for(let r=0;r<e.length;r+=1)if(0===h(t,e[r]))return!0;return!1},
generation:()=>c,accessToken:()=>o.accessToken,refreshToken:e=>o.refreshToken||(e?a:"")}
})(r.origins,f),g=t&&new sr(t),v=e=>e(),I=((e,t,r)=>{const n=t?globalThis.navigator?.locks:void 0;let s=()=>{};return{
request(t,o,i){s();const c=new AbortController,{signal:a}=c,l=()=>r(()=>a.aborted||i()),u=()=>o>0?setTimeout(l,o):l()
;if(!n)return s=()=>c.abort(),U(u);const d=new Promise(e=>{s=()=>{c.abort(),e()}});n.request(e,Ze(t?{steal:t}:{signal:a
}),()=>(u(),d)).catch(({name:e})=>"AbortError"===e||u())},release:()=>r(s),close:()=>s()}
})(i.prefix,s,v),A=$t(i.prefix,s,i,v,(t,r)=>{const{type:s,reason:o,waitMs:i=0,failures:c=0}=t
;n("debug","message-received",{type:s,relation:r,waitMs:i,failures:c});const a=f.numberOf(t,p.subject(),!0)
;e.messageReceived(r,s,a,o,i,c)}),$=(e=>{
const{client:t,tokens:r,sendAuthorized:n,log:s,createError:i}=e,c=new Set((({calls:e})=>Object.values(e).flatMap(e=>e&&"GET"!==e.method?[e.url]:[]))(e.settings.server)),a=new Set
;let u=!1;function d(){const e=r.currentId();if(0===e)throw i(u?"DISPOSED":"SESSION_ENDED");return e}function f(e){
const r=d();return n(e.request,e.copyRequest).then(o=>{if(Ot(e,o))return o;const i=e.handler.isRejected(o)
;return!1===i?o:(async(e,r,o,i)=>{if(!await i)return o;s("info","call-rejected",{status:o.status,token:r});const c=(e=>{
let t=2166136261;for(let r=0;r<e.length&&"?"!==e[r];r+=1)t=Math.imul(t^e.charCodeAt(r),16777619);return t>>>0
})(O(e.request)),a=await F(t.tokenRejected(r,c),T(e.request))?e.copyRequest():void 0;if(!a)return o
;o.body?.cancel().catch(()=>{});const l=d(),u=await n(a,e.copyRequest)
;return!Ot(e,u)&&await e.handler.isRejected(u)&&await t.retryRejected(l,c),u})(e,r,o,i)})}return{fetch(n,s,i=e.handler){
let u;try{u=new o(n,s)}catch(e){return Promise.reject(e)}const d=O(u),h=N(k(u),"authorization")
;if(!r.allows(d)||c.has(d)||h)return l(u);const p=((e,t,r)=>{
const n="string"==typeof t?t:void 0,s=null!==m(e)&&!/^(GET|HEAD)$/.test(w(e)),i=s&&void 0===n?((e,t)=>{
if("ReadableStream"===(r=t,Object.prototype.toString.call(r).slice(8,-1))||Symbol.asyncIterator in Object(t))return
;var r;const n=S(e);if(null!=t)return n;try{return new o(S(n),Tt),n}catch{return void m(n)?.cancel().catch(()=>{})}
})(e,t):void 0;return{request:e,handler:r,copyRequest(){if(s&&void 0===n)return i&&S(i);if(void 0===n)return new o(e)
;const t=_(e),r=j(e);return new o(e,{__proto__:null,body:n,referrer:t,referrerPolicy:r})}}
})(u,s?.body,(e=>!e||!1!==Ze(Ze(e).auth).retry)(s)?i:{...i,isRejected:()=>!1});return new Promise((e,n)=>{a.add(n),
(r.isFresh()?f(p):F(t.requestToken(0),T(u)).then(()=>f(p))).then(e,n).then(()=>a.delete(n))})},async getAccessToken(e){
await t.requestToken(e),d();const n=r.accessToken();if(!n)throw i("TOKEN_IN_COOKIE");return n},rejectAll(e){
u||="DISPOSED"===e;for(const t of a)t(i(e));a.clear()}}})({settings:r,client:e,tokens:p,
sendAuthorized:Re(p,r.server.api,g,d),handler:{isRejected:r.shouldRefresh??(({status:e})=>401===e),onStepUp:e.onStepUp},
log:n,createError(e){return new Gt(e)}}),R={client(){return e},settings:r,tokens:p,users:f,requests:je({settings:r,
tokens:p,idempotencyKey(){return(e=>{const t=Le(e,"idempotency-key"),r=qe(t)?t:e.idempotencyKey||De();return ze(e,r),r
})(i)},prover:g,cookies:d,remembered:u}),remembered:u,state:i,lock:I,crossTab:A,log:n,rejectCalls:$.rejectAll}
;return Object.freeze({...Lt(R),sendAuthRequest(e,t,r){return(async({settings:e,requests:t,state:r,log:n},s,o,i)=>{
const c=(t,r=!1)=>{const n=`${(({server:e,endpoints:t},r,n)=>{const s=e.calls[n?.call??r]
;return`${s?.method??"POST"} ${s?.url??t[r]}`})(e,s,o)}: ${t}`;var i;return r||(i=n,
Mt&&console.warn(`tokenward: ${i}`)),n};try{
const a=await t.send(s,o,i),{status:l,code:u="",message:d,found:f,retryAfterMs:h,isPage:p,body:g}=a,m=l>=200&&l<300,v=((e,{status:t,code:r="",message:n="",isPage:s,isRefusal:o,isStep:i},{over:c,notOver:a})=>{
const l=y(`${r} ${n}`);if("refresh"===e){if(Dt(a,t,l))return"request-fault";if(Dt(c,t,l))return"over"}
return i?"step-required":b(Rt,r)?Rt[r]:b(Rt,n)?Rt[n]:!(s||qt(y(r),Et)||qt(l,xt))||s&&"login"===e?"login"===e?qt(l,Pt)?"bad-credentials":void 0:o?"refused":void 0:"request-fault"
})(s,a,e.server),k=Ct.includes(l)&&!p&&"request-fault"!==v;if((a.token||k)&&(e=>{null===Le(e,"asked")&&Me(e,"asked","1")
})(r),(({token:e,expiresIn:t,jwtLifetime:r},n)=>{e&&Math.abs(t-r)>1&&n("warn","lifetimes-differ",{expiresIn:t,
jwtLifetime:r})})(a,n),n(m?"debug":"warn","auth-request",{endpoint:s,status:l,code:u.slice(0,40),retryAfterMs:h}),
m&&("logout"===s||"logoutAll"===s||a.token))return{response:a,details:""}
;const w=404===l||405===l?` (options.endpoints.${s})`:m?(({server:e},t,r)=>`; expected the member ${e.calls[t]?.answer.access?.join(" or ")} (options.fields), found ${r}`)(e,o?.call??s,f):""
;return{response:a,stated:v,
details:c(`status ${l}${"step-required"===v?"":w}${d?`; the server says: ${d}`:""}`,"refresh"===s&&401===l||"step-required"===v),
body:g}}catch(e){const t=e instanceof we;return n("warn","auth-request",{endpoint:s,
failed:t?"options.authHeaders":e?.name}),t&&U(()=>{if(e.cause)throw e.cause}),t?{failure:"not-sent",
details:c("options.authHeaders failed",!0)}:{failure:"network-error",
details:"AbortError"===e?.name?"":c("no response: offline, server down, or CORS")}}})(R,e,t,r).then(rr)},
wrongArgument(e){return(({json:e,call:t="login",isAnswer:r},{calls:n})=>{if(r)return;const s=b(n,t)?n[t]:void 0
;return!s||["refresh","logout","logoutAll"].includes(t)?"call":s.isForm&&!(e=>"{"===e[0]&&Object.values(JSON.parse(e)).every(e=>"string"==typeof e))(e)?"credentials":void 0
})(e,r.server)},abortAuthRequest:R.requests.abort,fetch(e,t){return $.fetch(e,t)},user(){return Vt(p.profile().user)},
jwtPayload(){return Q(p.accessToken())},
getAccessToken:r.exposeToken?$.getAccessToken:()=>Promise.reject(new Gt("TOKEN_NOT_EXPOSED")),logEvent(e,t,r){
return n("info",e,{status:t,...r&&{reason:r}})},logRefreshFailed(e,t,r){return n("warn","refresh-failed",{code:e,
status:t,retryAt:r})},logResumed(e){return n("debug","resumed",{by:e})},diagnostics(){return n.entries()},close(){
I.close(),A.close(),$.rejectAll("DISPOSED")}})}var sr=class{#e;constructor(e){this.#e=e,e.catch(()=>{})}learnNonce(e,t){
t&&this.#e.then(r=>r.learnNonce(e,t)).catch(()=>{})}sendAuthRequest(e,t,r,n){
return this.#e.then(s=>s.sendAuthRequest(e,t,r,n))}send(e,t,r,n){return this.#e.then(s=>s.send(e,t,r,n))}}
;export{Gt as CallError,Qt as createAdoption,Zt as createLogin,Jt as createOptions,nr as createPlatform,Xt as setServer,Wt as storedKeyName};
