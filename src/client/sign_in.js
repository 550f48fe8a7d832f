// Generated from js/rust/sign-in.ts by `npm run build:platform`.
var e=e=>({__proto__:null,...e});function t(){const e=globalThis.location?.origin
;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0}
var n,r=e=>e.reason??new DOMException("the call was aborted","AbortError");function o(e,t){return t?new Promise((n,o)=>{
const s=()=>o(r(t))
;t.aborted&&s(),t.addEventListener("abort",s),e.then(n,o).finally(()=>t.removeEventListener("abort",s))}):e}
var s="tokenward:v1:sign-in-begun";function i(){try{sessionStorage.removeItem(s)}catch{}}var a=(...e)=>({
expected:e.map(e=>`"${e}"`).join(" or "),test(t){return e.includes(t)}}),c={expected:"a string that is not empty",
test(e){return"string"==typeof e&&""!==e}},l={expected:"an address of this origin, at most 1000 characters long",
test(e){return(e=>{try{return"string"==typeof e&&new URL(e,location.href).origin===t()}catch{return!1}
})(e)&&new URL(e,location.href).href.length<=1e3}},d={returnTo:l,provider:c,display:a("redirect","popup"),
prompt:a("none","login","select_account","consent"),loginHint:c,acrValues:c,maxAge:{
expected:"a whole number of seconds",test(e){return Number.isSafeInteger(e)&&e>=0}},signal:{expected:"an AbortSignal",
test(e){return"AbortSignal"===(e=>Object.prototype.toString.call(e).slice(8,-1))(e)}}};function h(e,t){
const{origin:n,pathname:r,search:o,hash:s}=new URL(t??location.href,location.href),i=n===e.origin?"":n
;return i+([r+o+s,r+o].find(e=>i.length+e.length<=1e3)??r)}function u(e,t,n){
const{returnTo:r,provider:o,prompt:s,loginHint:i,acrValues:a,maxAge:c}=t,l=new URL(e),d={returnTo:h(l,r),provider:o,
prompt:s,loginHint:i,acr:a,maxAge:c,popup:n};for(const[e,t]of Object.entries(d))void 0!==t&&l.searchParams.set(e,`${t}`)
;return l.href}var g,p=globalThis.performance??Date,f=()=>p.now(),y=e=>({read(t){try{return globalThis[e].getItem(t)
}catch{return}},write(t,n){try{n?globalThis[e].setItem(t,n):globalThis[e].removeItem(t)}catch{}}
}),b=y("localStorage"),m=y("sessionStorage"),w=e=>`tokenward:v1:${e}`,v="tokenward:v1:silent-sign-ins",I="",E=e=>`${w(e)}:asked`,A=e=>`${w(e)}:pending-revocation`,S=e=>"1"===b.read(A(e))
;function O(e){const t=S(e);return b.write(A(e),void 0),b.write(E(e),void 0),t}var _=class extends Error{
name="AuthError";code;status;retryable;retryAfterSeconds;body;docs;constructor(t,n,r={}){const o=e(r)
;super(`${t}: ${n}`,o),this.code=t,this.status=o.status??null,this.retryable=o.retryable??!1,
this.retryAfterSeconds=o.retryAfterSeconds??null,
this.body=o.body,this.docs="https://github.com/tokenward/tokenward/blob/main/docs/reference/errors/"+t+".md"}},$={
timeout:"timeoutSeconds",renewBefore:"renewBeforeSeconds",minValidity:"minValiditySeconds"
},N=(e,t)=>(n,r)=>t(r)?r:q(n,e,r),T=e=>(t,n)=>{"object"==typeof n&&n&&!Array.isArray(n)||q(t,"an object",n);const r={
__proto__:null};for(const[o,s]of Object.entries(n)){const n=`${t}.${o}`,i=Object.keys(e).includes(o)&&e[o];if(!i){
const t=Object.keys($).includes(o)&&$[o],r=Object.keys(e).find(e=>e.toLowerCase()===o.toLowerCase())
;q(n,t||r||`one of ${Object.keys(e).join(", ")}`,o,t&&`: renamed to ${t}`)}void 0!==s&&(r[o]=i(n,s))}return r
},R=(...e)=>N(e.map(e=>"string"==typeof e?`"${e}"`:e).join(" or "),t=>e.includes(t)),L=(e,t,n=()=>!0)=>N(e,e=>{try{
const r=new URL(e,t)
;return("string"==typeof e||e instanceof URL)&&""!==e&&/^https?:$/.test(r.protocol)&&!(r.username||r.password)&&n(r)
}catch{return!1}
}),k=/^[!#$%&'*+.^_`|~\w-]+$/,j=N("a string that is not empty",e=>"string"==typeof e&&""!==e),P=L("a path or an http(s) URL","http://localhost"),D=/^\{(access|refresh|clientId|credentials(\..+)?|cookie:.+)\}$/,U=e=>e.match(/\{[^}]*\}/g)??[],x=N("a text whose placeholders are {access}, {refresh}, {credentials}, {credentials.NAME}, {clientId} or {cookie:NAME}",e=>"string"==typeof e&&U(e).every(e=>D.test(e))),V=(e,t)=>(P(e,t),
U(String(t)).every(e=>"{clientId}"===e)?t:q(e,"a path with no placeholder but {clientId}",t)),C=e=>(t,n)=>T(Object.fromEntries(Object.keys(Object(n)).map(t=>[t,e])))(t,n),B=(e,t)=>"string"==typeof t?x(e,t):"object"==typeof t&&t?C(B)(e,t):null===t||"boolean"==typeof t||Number.isFinite(t)?t:void q(e,"a text, a number, a boolean, null or an object",t),M=e=>(t,n)=>null===n?null:e(t,n),F=M((e,t)=>Array.isArray(t)?((e,t)=>Array.isArray(t)?t.map((t,n)=>j(`${e}[${n}]`,t)):q(e,"an array of texts",t))(e,t):j(e,t)),G=T({
access:F,refresh:F,expiresIn(e,t){const n=F(e,t),r=[n].flat().find(e=>!/^(\S+( (s|ms|at))?|null)$/.test(String(e)))
;return void 0===r?n:q(e,"a place, which the unit s, ms or at may follow",r)},user:F,subject:F,step:F}),H=T({path:V,
method:N('an HTTP method, such as "POST"',e=>"string"==typeof e&&/^[A-Z]+$/.test(e)),as:R("json","form"),body:B,
headers(e,t){for(const n of Object.keys(Object(t)))k.test(n)||q(e,"names of HTTP headers",n);return C(x)(e,t)},before:V,
answer:G}),Q=(e,t)=>{
const n=H(e,t),{as:r,body:o,method:s}=n,i="form"===r&&Object.entries(Object(o)).find(([,e])=>"object"==typeof e&&e)
;return i&&q(`${e}.body.${i[0]}`,"a text, a number or a boolean in a form",i[1]),
o&&/^(GET|HEAD)$/.test(s??"")&&q(`${e}.body`,`none with ${s}`,o),n};function J(e,t,n,r=""){
return`${e}: expected ${t}, got ${("string"==typeof n?JSON.stringify(n):"object"==typeof n&&n?"an "+(Array.isArray(n)?"array":"object"):String(n)).slice(0,80)}${r||""}`
}function q(...e){throw new _("INVALID_OPTIONS",J(...e))}M(Q),M(Q),M(Q);var W={access_denied:"ACCESS_DENIED",
interaction_required:"INTERACTION_REQUIRED",provider_unavailable:"PROVIDER_UNAVAILABLE",
provider_refused:"PROVIDER_REFUSED",stale_sign_in:"STALE_SIGN_IN"},Y={
ACCESS_DENIED:"the user or the identity provider refused the sign-in",
INTERACTION_REQUIRED:"the identity provider has to ask the user",
PROVIDER_UNAVAILABLE:"the identity provider did not answer, or not as it should",
PROVIDER_REFUSED:"the identity provider refused the sign-in; see the log of the server",
STALE_SIGN_IN:"the sign-in is older than 10 minutes or of another browser, or its cookie is blocked",
POPUP_CLOSED:"the window was closed before the sign-in was complete"
},Z=[1e3,4e3],z=e=>new Promise(t=>setTimeout(t,e)),K=({baseUrl:e,endpoints:n},r)=>((e,t)=>{
const n=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,n).href
})(n?.[r]??`/auth/${r}`,new URL(e??t()??location.href)),X=e=>/^(SIGNED_OUT|SESSION_ENDED)$/.test(e?.code),ee=class{#e;#t
;#n;#r;#o;constructor(e,t,n,r,o){this.#e=e,this.#t=t,this.#n=n,this.#r=r,this.#o=o}async signIn(e,t,n){
globalThis.document||this.#s("signIn","a page","none");const i=((e,t)=>{
"object"==typeof e&&e&&!Array.isArray(e)||t("signIn","an object",e),
"currentTarget"in e&&t("signIn","options: write () => signIn() instead of signIn","an event");const n={__proto__:null}
;for(const[r,o]of Object.entries(e)){const e=Object.keys(d).includes(r)&&d[r]
;e||t(`signIn.${r}`,`one of ${Object.keys(d).join(", ")}`,r),void 0!==o&&(e.test(o)||t(`signIn.${r}`,e.expected,o),
n[r]=o)}return n})(e,this.#s),{signal:a}=i;a?.aborted&&n.abort(r(a)),a?.addEventListener("abort",()=>n.abort(r(a)),{
signal:n.signal});const c=await o(this.#o(),n.signal),{name:l,transport:h}=c.settings
;if("cookie"!==h&&this.#s("signIn",'options.transport "cookie"',h),(e=>{
const t=Date.now(),n=m.read(v)??I,r=e?n.split(" ").filter(e=>/^\d+$/.test(e)&&Math.abs(t-Number(e))<6e4):[],o=r.length>=2
;return e&&!o&&r.push(`${t}`),I=r.join(" "),m.write(v,I),o
})("none"===i.prompt))throw this.#i("INTERACTION_REQUIRED",'the third sign-in with prompt "none" within a minute')
;S(l)&&!this.#a()&&await o(c.logout("session"),n.signal);const g=K(this.#t,"start"),p=t?(()=>{try{
return new BroadcastChannel("tokenward:sign-in")}catch{return}})():void 0;if(t&&p){
const e=crypto.getRandomValues(new Uint32Array(4)).join("");t.location.replace(u(g,i,e)),t.opener=null;const r={popup:t,
channel:p,id:e,signal:n.signal};return o(this.#c(c,r),n.signal)}var f;return t?.close(),f=l,
m.write(s,`${Date.now()} ${f}`),b.write(E(f),void 0),this.#l(u(g,i,void 0),n)}async#c(e,t){
const n=this.#a(),r=async()=>{const t=O(e.settings.name);await e.restore().catch(n=>this.#d(e,t,n))},o=await(e=>{
const{popup:t,channel:n,id:r,signal:o}=e;return new Promise((s,i)=>{let a=!1;const c=e=>{clearInterval(b),a=!0,e()
},l=()=>{clearInterval(b),clearTimeout(m),n.close(),removeEventListener("focus",y)}
;let d,h=f(),u=Number.NEGATIVE_INFINITY;const g=()=>{void 0===d&&(t.closed?(clearInterval(b),d=f(),
p()&&setTimeout(w,500)):h=f())},p=()=>void 0!==d&&u>=h&&u<=d+500,y=()=>{const e=void 0!==d;p()||(u=f()),g(),
e&&setTimeout(w,p()?500:0)};addEventListener("focus",y);const b=setInterval(g,200),m=setTimeout(()=>{t.closed&&(l(),
c(()=>i("STALE_SIGN_IN")))},6e5);o.addEventListener("abort",l),n.onmessage=({data:t})=>{
if("string"!=typeof t||!t.startsWith(`${r}~`))return;const n=t.slice(r.length+1);l(),a?e.onLateResult(n):c(()=>s(n))}
;const w=async()=>{if(a||o.aborted)return;const t=await e.hasSession();if(!a&&!o.aborted&&(t||p())){
if(removeEventListener("focus",y),!t)return c(()=>i("POPUP_CLOSED"));l(),c(()=>s("signed-in"))}}})})({...t,
hasSession:async()=>(await e.restore().catch(()=>{}),!n&&this.#a()),onLateResult(e){"signed-in"===e&&r().catch(()=>{})}
}).catch(e=>{throw this.#i(e)});if("signed-in"!==o)throw this.#h(o);await r()}#l(e,t){const{signal:n}=t
;return addEventListener("pageshow",({persisted:e})=>{
e&&(i(),t.abort(new DOMException("the user came back to the page","AbortError")),
this.#o().then(e=>e.restore()).catch(()=>{}))},{signal:n}),location.assign(e),o(new Promise(()=>{}),n)}receiveMark(t){
const[n,r]=t,o=this.#t,a=r.slice(location.origin.length),c=(e=>{if(g?.mark===e)return g.begun
;const[,t,n]=/^(\d+) (.+)$/s.exec(m.read(s)??"")??[];i()
;const r=Date.now()-Number(t),o=void 0!==n&&r>=0&&r<9e5,a="signed-in"===e[0],c=o?{clientName:n,wasRevoked:a&&O(n)
}:void 0;return g={mark:e,begun:c},c})(t),l=e=>{setTimeout(()=>this.#r("sign-in-failed",{error:e,returnTo:a}))}
;if("signed-in"!==n){
const e=({settings:e})=>void 0!==c&&c.clientName!==e.name,t=t=>t.restored.then(()=>e(t)||l(this.#h(n)));return{
options:o,notify:this.#r,isNewSession:!1,settle:t}}
const{notify:d,release:h}=this.#u(),{restore:u="auto",isolation:p="page"}=o;return{
options:"page"!==p&&"worker"!==p||"never"===u?o:e({...o,restore:"always"}),notify:d,isNewSession:void 0!==c,
settle:async e=>{if("cookie"!==e.settings.transport)return h();const t=await e.restore().then(()=>{},e=>({error:e}))
;h(),t&&this.#d(e,!0===c?.wasRevoked,t.error).catch(t=>{
c?.clientName===e.settings.name&&X(t)&&l(this.#i("STALE_SIGN_IN"))})}}}#u(){let e,t=!1;return{notify:(...n)=>{
const r=n[2]?.status;t||"signed-out"!==r?(r&&(e=void 0),this.#r(...n)):e=n},release:()=>{t=!0,e&&this.#r(...e),e=void 0}
}}async signOut(e,t){((e,t)=>{void 0===e||l.test(e)||t("logout.returnTo",l.expected,e)})(t,this.#s)
;const n=z(2e3),r=await Promise.race([this.#o().catch(()=>{}),n]),{transport:o="cookie"}=r?r.settings:this.#t
;"cookie"!==o&&this.#s("logout",'options.transport "cookie"',o),await Promise.race([e().catch(()=>{}),n])
;const s=new Promise(e=>{const t=new AbortController;addEventListener("pageshow",({persisted:n})=>{n&&(t.abort(),e())},{
signal:t.signal})});return location.assign(((e,t)=>{const n=new URL(e);return n.searchParams.set("returnTo",h(n,t)),
n.href})(K(this.#t,"end"),t)),await s,{revoked:!1}}async#d(e,t,n){let r=n;for(const n of Z){if(X(r)&&this.#a())return
;if(!(X(r)?t:"REFRESH_UNAVAILABLE"===r?.code)||"restoring"===this.#e.session.status)break;await z(n);try{
return void await e.restore()}catch(e){r=e}}throw r}#a(){return"signed-in"===this.#e.session.status}#h(e){
const t=e.slice(14);return this.#i(Object.keys(W).includes(t)&&W[t]||"PROVIDER_REFUSED")}#i(e,t=Y[e]??""){
return new this.#n(e,t,{retryable:"PROVIDER_UNAVAILABLE"===e})}#s=(e,t,n)=>{
throw new this.#n("INVALID_OPTIONS",J(e,t,n))}},te=class extends Error{code;constructor(e,t){super(t),this.code=e}
parts(){return/^(.*?): expected (.*), got (.*)$/s.exec(this.message)?.slice(1)??[]}
},ne=({transport:e,protocol:t})=>globalThis.document&&(e?"cookie"===e:"oauth2"!==t)?(()=>{
const{href:e,hash:t}=location,[r,o]=/~(?:signed-out|(signed-in|sign-in-error=[^~]*))$/.exec(t)??[];if(r){
const t=e.slice(0,-r.length).replace(/#$/,"");try{history.replaceState(history.state,"",t)}catch{}n=o?[o,t]:void 0,
setTimeout(()=>{n=void 0})}return n})():void 0,re=([e])=>"signed-in"===e,oe=class{#t;#o;#g;#p=(()=>{
let e=()=>{},t=()=>{};const n=new Promise((n,r)=>{e=n,t=r});return n.catch(()=>{}),{promise:n,resolve:e,reject:t}})();#f
;#y;constructor(e,t,n){const{restore:r,logout:o,logoutByPage:s}=n;this.#f=s,this.#t=e,this.#o={settings:t,restore:r,
logout:o,restored:this.#p.promise},this.#g=new ee({get session(){return{status:n.status()}}},e,te,(e,t)=>{
const{error:r,returnTo:o}=t;n.onFailed(r,o)},()=>Promise.resolve(this.#o))}receiveMark(e){
const{settle:t}=this.#g.receiveMark(e);return()=>{t(this.#o).catch(()=>{})}}restored(){this.#p.resolve()}
async signIn(e,t){this.end();const n=new AbortController;this.#y=n
;const r="string"==typeof e?JSON.parse(e):e,o=(({display:e},{baseUrl:t,endpoints:n})=>"popup"===e&&new URL(n?.start??"",t??location.href).origin===location.origin?open("","_blank","popup,width=500,height=640"):null)(Object(r),this.#t)
;t.addEventListener("abort",()=>n.abort());const s=this.#g.signIn(r,o,n);return s.catch(()=>o?.close()),s}signOut(e){
return this.#g.signOut(this.#f,e)}end(){
i(),this.#y?.abort(new DOMException("a later call replaced this one","AbortError"))}}
;export{oe as RustSignIn,te as SignInFailure,re as isSignedInMark,ne as takeSignInMark};
