// Generated from js/rust/sign-in.ts by `npm run build:platform`.
var e=e=>({__proto__:null,...e});function t(){const e=globalThis.location?.origin
;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0}
var n=e=>e.reason??new DOMException("the call was aborted","AbortError");function r(e,t){return t?new Promise((r,o)=>{
const s=()=>o(n(t))
;t.aborted&&s(),t.addEventListener("abort",s),e.then(r,o).finally(()=>t.removeEventListener("abort",s))}):e}
var o=globalThis.performance??Date,s=()=>o.now(),i=(...e)=>({expected:e.map(e=>`"${e}"`).join(" or "),test(t){
return e.includes(t)}}),a={expected:"a string that is not empty",test(e){return"string"==typeof e&&""!==e}},c={
expected:"an address of this origin, at most 1000 characters long",test(e){return(e=>{try{
return"string"==typeof e&&new URL(e,location.href).origin===t()}catch{return!1}
})(e)&&new URL(e,location.href).href.length<=1e3}},l={returnTo:c,provider:a,display:i("redirect","popup"),
prompt:i("none","login","select_account","consent"),loginHint:a,acrValues:a,maxAge:{
expected:"a whole number of seconds",test(e){return Number.isSafeInteger(e)&&e>=0}},signal:{expected:"an AbortSignal",
test(e){return"AbortSignal"===(e=>Object.prototype.toString.call(e).slice(8,-1))(e)}}};function h(e,t){
const{origin:n,pathname:r,search:o,hash:s}=new URL(t??location.href,location.href),i=n===e.origin?"":n
;return i+([r+o+s,r+o].find(e=>i.length+e.length<=1e3)??r)}function d(e,t,n){
const{returnTo:r,provider:o,prompt:s,loginHint:i,acrValues:a,maxAge:c}=t,l=new URL(e),d={returnTo:h(l,r),provider:o,
prompt:s,loginHint:i,acr:a,maxAge:c,popup:n};for(const[e,t]of Object.entries(d))void 0!==t&&l.searchParams.set(e,`${t}`)
;return l.href}var u=e=>({read(t){try{return globalThis[e].getItem(t)}catch{return}},write(t,n){try{
n?globalThis[e].setItem(t,n):globalThis[e].removeItem(t)}catch{}}
}),g=u("localStorage"),p=u("sessionStorage"),f=e=>`tokenward:v1:${e}`,y="tokenward:v1:sign-in-begun",b="tokenward:v1:silent-sign-ins",w="",m=e=>`${f(e)}:pending-revocation`,v=e=>"1"===g.read(m(e))
;function E(e){const t=v(e);return g.write(m(e),void 0),g.write(`${f(e)}:asked`,void 0),t}var I=class extends Error{
name="AuthError";code;status;retryable;retryAfterSeconds;body;constructor(t,n,r={}){const o=e(r);super(`${t}: ${n}`,o),
this.code=t,this.status=o.status??null,this.retryable=o.retryable??!1,this.retryAfterSeconds=o.retryAfterSeconds??null,
this.body=o.body}},A={timeout:"timeoutSeconds",renewBefore:"renewBeforeSeconds",minValidity:"minValiditySeconds"
},O=(e,t)=>(n,r)=>t(r)?r:H(n,e,r),S=e=>(t,n)=>{"object"==typeof n&&n&&!Array.isArray(n)||H(t,"an object",n);const r={
__proto__:null};for(const[o,s]of Object.entries(n)){const n=`${t}.${o}`,i=Object.keys(e).includes(o)&&e[o];if(!i){
const t=Object.keys(A).includes(o)&&A[o];H(n,t||`one of ${Object.keys(e).join(", ")}`,o,t&&`: renamed to ${t}`)}
void 0!==s&&(r[o]=i(n,s))}return r
},$=(...e)=>O(e.map(e=>"string"==typeof e?`"${e}"`:e).join(" or "),t=>e.includes(t)),_=(e,t,n=()=>!0)=>O(e,e=>{try{
const r=new URL(e,t)
;return("string"==typeof e||e instanceof URL)&&""!==e&&/^https?:$/.test(r.protocol)&&!(r.username||r.password)&&n(r)
}catch{return!1}
}),T=/^[!#$%&'*+.^_`|~\w-]+$/,R=O("a string that is not empty",e=>"string"==typeof e&&""!==e),L=_("a path or an http(s) URL","http://localhost"),j=/^\{(access|refresh|clientId|credentials(\..+)?|cookie:.+)\}$/,N=e=>e.match(/\{[^}]*\}/g)??[],D=O("a text whose placeholders are {access}, {refresh}, {credentials}, {credentials.NAME}, {clientId} or {cookie:NAME}",e=>"string"==typeof e&&N(e).every(e=>j.test(e))),k=(e,t)=>(L(e,t),
N(String(t)).every(e=>"{clientId}"===e)?t:H(e,"a path with no placeholder but {clientId}",t)),P=e=>(t,n)=>S(Object.fromEntries(Object.keys(Object(n)).map(t=>[t,e])))(t,n),U=(e,t)=>"string"==typeof t?D(e,t):"object"==typeof t&&t?P(U)(e,t):null===t||"boolean"==typeof t||Number.isFinite(t)?t:void H(e,"a text, a number, a boolean, null or an object",t),x=e=>(t,n)=>null===n?null:e(t,n),V=x((e,t)=>Array.isArray(t)?((e,t)=>Array.isArray(t)?t.map((t,n)=>R(`${e}[${n}]`,t)):H(e,"an array of texts",t))(e,t):R(e,t)),C=S({
access:V,refresh:V,expiresIn(e,t){const n=V(e,t),r=[n].flat().find(e=>!/^(\S+( (s|ms|at))?|null)$/.test(String(e)))
;return void 0===r?n:H(e,"a place, which the unit s, ms or at may follow",r)},user:V,subject:V,step:V}),B=S({path:k,
method:O('an HTTP method, such as "POST"',e=>"string"==typeof e&&/^[A-Z]+$/.test(e)),as:$("json","form"),body:U,
headers(e,t){for(const n of Object.keys(Object(t)))T.test(n)||H(e,"names of HTTP headers",n);return P(D)(e,t)},before:k,
answer:C}),M=(e,t)=>{
const n=B(e,t),{as:r,body:o,method:s}=n,i="form"===r&&Object.entries(Object(o)).find(([,e])=>"object"==typeof e&&e)
;return i&&H(`${e}.body.${i[0]}`,"a text, a number or a boolean in a form",i[1]),
o&&/^(GET|HEAD)$/.test(s??"")&&H(`${e}.body`,`none with ${s}`,o),n};function F(e,t,n,r=""){
return`${e}: expected ${t}, got ${("string"==typeof n?JSON.stringify(n):"object"==typeof n&&n?"an "+(Array.isArray(n)?"array":"object"):String(n)).slice(0,80)}${r||""}`
}function H(...e){throw new I("INVALID_OPTIONS",F(...e))}x(M),x(M),x(M);var G,Q={access_denied:"ACCESS_DENIED",
interaction_required:"INTERACTION_REQUIRED",provider_unavailable:"PROVIDER_UNAVAILABLE",
provider_refused:"PROVIDER_REFUSED",stale_sign_in:"STALE_SIGN_IN"},J={
ACCESS_DENIED:"the user or the identity provider refused the sign-in",
INTERACTION_REQUIRED:"the identity provider has to ask the user",
PROVIDER_UNAVAILABLE:"the identity provider did not answer, or not as it should",
PROVIDER_REFUSED:"the identity provider refused the sign-in; see the log of the server",
STALE_SIGN_IN:"the sign-in is older than 10 minutes or of another browser, or its cookie is blocked",
POPUP_CLOSED:"the window was closed before the sign-in was complete"
},q=[1e3,4e3],W=e=>new Promise(t=>setTimeout(t,e)),Z=({baseUrl:e,endpoints:n},r)=>((e,t)=>{
const n=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,n).href
})(n?.[r]??`/auth/${r}`,new URL(e??t()??location.href)),z=e=>/^(SIGNED_OUT|SESSION_ENDED)$/.test(e?.code),K=class{#e;#t
;#n;#r;#o;constructor(e,t,n,r,o){this.#e=e,this.#t=t,this.#n=n,this.#r=r,this.#o=o}async signIn(e,t,o){
globalThis.document||this.#s("signIn","a page","none");const i=((e,t)=>{
"object"==typeof e&&e&&!Array.isArray(e)||t("signIn","an object",e),
"currentTarget"in e&&t("signIn","options: write () => signIn() instead of signIn","an event");const n={__proto__:null}
;for(const[r,o]of Object.entries(e)){const e=Object.keys(l).includes(r)&&l[r]
;e||t(`signIn.${r}`,`one of ${Object.keys(l).join(", ")}`,r),void 0!==o&&(e.test(o)||t(`signIn.${r}`,e.expected,o),
n[r]=o)}return n})(e,this.#s),{signal:a}=i;a?.aborted&&o.abort(n(a)),a?.addEventListener("abort",()=>o.abort(n(a)),{
signal:o.signal});const c=await r(this.#o(),o.signal),{name:h,transport:u}=c.settings
;if("cookie"!==u&&this.#s("signIn",'options.transport "cookie"',u),(e=>{
const t=Date.now(),n=p.read(b)??w,r=e?n.split(" ").filter(e=>/^\d+$/.test(e)&&Math.abs(t-Number(e))<6e4):[],o=r.length>=2
;return e&&!o&&r.push(`${t}`),w=r.join(" "),p.write(b,w),o
})("none"===i.prompt))throw this.#i("INTERACTION_REQUIRED",'the third sign-in with prompt "none" within a minute')
;v(h)&&!this.#a()&&await r(c.logout("session"),o.signal);const g=Z(this.#t,"start"),f=t?(()=>{try{
return new BroadcastChannel("tokenward:sign-in")}catch{return}})():void 0;if(t&&f){
const e=crypto.getRandomValues(new Uint32Array(4)).join("");t.location.replace(d(g,i,e)),t.opener=null;const n={popup:t,
openedAt:s(),channel:f,id:e,signal:o.signal};return r(this.#c(c,n),o.signal)}var m;return t?.close(),m=h,
p.write(y,`${Date.now()} ${m}`),this.#l(d(g,i,void 0),o)}async#c(e,t){const n=this.#a(),r=async()=>{
const t=E(e.settings.name);await e.restore().catch(n=>this.#h(e,t,n))},o=await(e=>{
const{popup:t,openedAt:n,channel:r,id:o,signal:i}=e;return new Promise((a,c)=>{let l=!1;const h=e=>{clearInterval(u),
l=!0,e()},d=()=>{clearInterval(u),clearTimeout(g),r.close(),removeEventListener("focus",y)
},u=setInterval(()=>t.closed&&f(),200),g=setTimeout(()=>{t.closed&&(d(),h(()=>c("STALE_SIGN_IN")))},6e5)
;i.addEventListener("abort",d),r.onmessage=({data:t})=>{if("string"!=typeof t||!t.startsWith(`${o}~`))return
;const n=t.slice(o.length+1);d(),l?e.onLateResult(n):h(()=>a(n))};let p=!1;const f=()=>{clearInterval(u),p=s()-n<1500,
addEventListener("focus",y),!p&&document.hasFocus()&&setTimeout(y,500)},y=async()=>{if(l||i.aborted)return
;const t=await e.hasSession();if(!(l||i.aborted||p&&!t)){if(removeEventListener("focus",y),
!t)return h(()=>c("POPUP_CLOSED"));d(),h(()=>a("signed-in"))}}})})({...t,
hasSession:async()=>(await e.restore().catch(()=>{}),!n&&this.#a()),onLateResult(e){"signed-in"===e&&r().catch(()=>{})}
}).catch(e=>{throw this.#i(e)});if("signed-in"!==o)throw this.#d(o);await r()}#l(e,t){const{signal:n}=t
;return addEventListener("pageshow",({persisted:e})=>{
e&&(t.abort(new DOMException("the user came back to the page","AbortError")),
this.#o().then(e=>e.restore()).catch(()=>{}))},{signal:n}),location.assign(e),r(new Promise(()=>{}),n)}
receiveMark([t,n]){const r=this.#t,o=n.slice(location.origin.length),s=(()=>{
const[,e,t]=/^(\d+) (.+)$/s.exec(p.read(y)??"")??[];p.write(y,void 0);const n=Date.now()-Number(e)
;return n>=0&&n<9e5?t:void 0})(),i=e=>{setTimeout(()=>this.#r("sign-in-failed",{error:e,returnTo:o}))}
;if("signed-in"!==t){const e=({restored:e})=>e.then(()=>i(this.#d(t)));return{options:r,notify:this.#r,settle:e}}
const{notify:a,release:c}=this.#u(),l=void 0!==s&&E(s),{restore:h="auto",isolation:d="page"}=r;return{
options:"page"!==d&&"worker"!==d||"never"===h?r:e({...r,restore:"always"}),notify:a,settle:async e=>{
if("cookie"!==e.settings.transport)return c();const t=await e.restore().then(()=>{},e=>({error:e}));c(),
t&&this.#h(e,l,t.error).catch(e=>{void 0!==s&&z(e)&&i(this.#i("STALE_SIGN_IN"))})}}}#u(){let e,t=!1;return{
notify:(...n)=>{const r=n[2]?.status;t||"signed-out"!==r?(r&&(e=void 0),this.#r(...n)):e=n},release:()=>{t=!0,
e&&this.#r(...e),e=void 0}}}async signOut(e,t){((e,t)=>{void 0===e||c.test(e)||t("logout.returnTo",c.expected,e)
})(t,this.#s),await Promise.race([e.catch(()=>{}),W(2e3)]);const n=new Promise(e=>{const t=new AbortController
;addEventListener("pageshow",({persisted:n})=>{n&&(t.abort(),e())},{signal:t.signal})});return location.assign(((e,t)=>{
const n=new URL(e);return n.searchParams.set("returnTo",h(n,t)),n.href})(Z(this.#t,"end"),t)),await n,{revoked:!1}}
async#h(e,t,n){let r=n;for(const n of q){if(z(r)&&this.#a())return
;if(!(z(r)?t:"REFRESH_UNAVAILABLE"===r?.code)||"restoring"===this.#e.session.status)break;await W(n);try{
return void await e.restore()}catch(e){r=e}}throw r}#a(){return"signed-in"===this.#e.session.status}#d(e){
const t=e.slice(14);return this.#i(Object.keys(Q).includes(t)&&Q[t]||"PROVIDER_REFUSED")}#i(e,t=J[e]??""){
return new this.#n(e,t,{retryable:"PROVIDER_UNAVAILABLE"===e})}#s=(e,t,n)=>{
throw new this.#n("INVALID_OPTIONS",F(e,t,n))}},X=class extends Error{code;constructor(e,t){super(t),this.code=e}
parts(){return/^(.*?): expected (.*), got (.*)$/s.exec(this.message)?.slice(1)??[]}
},Y=({transport:e,protocol:t})=>globalThis.document&&(e?"cookie"===e:"oauth2"!==t)?(()=>{
const{href:e,hash:t}=location,[n,r]=/~(?:signed-out|(signed-in|sign-in-error=[^~]*))$/.exec(t)??[];if(n){
const t=e.slice(0,-n.length).replace(/#$/,"");try{history.replaceState(history.state,"",t)}catch{}G=r?[r,t]:void 0,
setTimeout(()=>{G=void 0})}return G})():void 0,ee=([e])=>"signed-in"===e,te=class{#t;#o;#g;#p=(()=>{
let e=()=>{},t=()=>{};const n=new Promise((n,r)=>{e=n,t=r});return n.catch(()=>{}),{promise:n,resolve:e,reject:t}})();#f
;constructor(e,t,n){const{restore:r,logout:o}=n;this.#t=e,this.#o={settings:t,restore:r,logout:o,
restored:this.#p.promise},this.#g=new K({get session(){return{status:n.status()}}},e,X,(e,t)=>{
const{error:r,returnTo:o}=t;n.onFailed(r,o)},()=>Promise.resolve(this.#o))}receiveMark(e){
const{settle:t}=this.#g.receiveMark(e);return()=>{t(this.#o).catch(()=>{})}}restored(){this.#p.resolve()}
async signIn(e,t){this.end();const n=new AbortController;this.#f=n
;const r="string"==typeof e?JSON.parse(e):e,o=(({display:e},{baseUrl:t,endpoints:n})=>"popup"===e&&new URL(n?.start??"",t??location.href).origin===location.origin?open("","_blank","popup,width=500,height=640"):null)(Object(r),this.#t)
;t.addEventListener("abort",()=>n.abort());const s=this.#g.signIn(r,o,n);return s.catch(()=>o?.close()),s}signOut(e){
return this.#g.signOut(Promise.resolve(),e)}end(){
this.#f?.abort(new DOMException("a later call replaced this one","AbortError"))}}
;export{te as RustSignIn,X as SignInFailure,ee as isSignedInMark,Y as takeSignInMark};
