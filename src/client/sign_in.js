// Generated from js/rust/sign-in.ts by `npm run build:platform`.
function e(){const e=globalThis.location?.origin;return"null"!==globalThis.origin&&/^https?:/.test(e)?e:void 0}
var t,n=e=>e.reason??new DOMException("the call was aborted","AbortError");function r(e,t){return t?new Promise((r,s)=>{
const i=()=>s(n(t))
;t.aborted&&i(),t.addEventListener("abort",i),e.then(r,s).finally(()=>t.removeEventListener("abort",i))}):e}
var s="tokenward:v1:sign-in-begun";function i(){try{sessionStorage.removeItem(s)}catch{}}var o=(...e)=>({
expected:e.map(e=>`"${e}"`).join(" or "),test(t){return e.includes(t)}}),a={expected:"a string that is not empty",
test(e){return"string"==typeof e&&""!==e}},c={expected:"an address of this origin, at most 1000 characters long",
test(t){return(t=>{try{return"string"==typeof t&&new URL(t,location.href).origin===e()}catch{return!1}
})(t)&&new URL(t,location.href).href.length<=1e3}},l={returnTo:c,provider:a,display:o("redirect","popup"),
prompt:o("none","login","select_account","consent"),loginHint:a,acrValues:a,maxAge:{
expected:"a whole number of seconds",test(e){return Number.isSafeInteger(e)&&e>=0}},signal:{expected:"an AbortSignal",
test(e){return"AbortSignal"===(e=>Object.prototype.toString.call(e).slice(8,-1))(e)}}};function h(e,t){
const{origin:n,pathname:r,search:s,hash:i}=new URL(t??location.href,location.href),o=n===e.origin?"":n
;return o+([r+s+i,r+s].find(e=>o.length+e.length<=1e3)??r)}function g(e,t,n){
const{returnTo:r,provider:s,prompt:i,loginHint:o,acrValues:a,maxAge:c}=t,l=new URL(e),g={returnTo:h(l,r),provider:s,
prompt:i,loginHint:o,acr:a,maxAge:c,popup:n};for(const[e,t]of Object.entries(g))void 0!==t&&l.searchParams.set(e,`${t}`)
;return l.href}var d,u=globalThis.performance??Date,p=()=>u.now(),w=e=>({read(t){try{return globalThis[e].getItem(t)
}catch{return}},write(t,n){try{n?globalThis[e].setItem(t,n):globalThis[e].removeItem(t)}catch{}}
}),v=w("localStorage"),f=w("sessionStorage"),I=e=>`tokenward:v1:${e}`,E="tokenward:v1:silent-sign-ins",m="",y=e=>`${I(e)}:asked`,b=e=>`${I(e)}:pending-revocation`,S=e=>"1"===v.read(b(e))
;function A(e){const t=S(e);return v.write(b(e),void 0),v.write(y(e),void 0),t}var N={access_denied:"ACCESS_DENIED",
interaction_required:"INTERACTION_REQUIRED",provider_unavailable:"PROVIDER_UNAVAILABLE",
provider_refused:"PROVIDER_REFUSED",stale_sign_in:"STALE_SIGN_IN"},_={
ACCESS_DENIED:"the user or the identity provider refused the sign-in",
INTERACTION_REQUIRED:"the identity provider has to ask the user",
PROVIDER_UNAVAILABLE:"the identity provider did not answer, or not as it should",
PROVIDER_REFUSED:"the identity provider refused the sign-in; see the log of the server",
STALE_SIGN_IN:"the sign-in is older than 10 minutes or of another browser, or its cookie is blocked",
POPUP_CLOSED:"the window was closed before the sign-in was complete"
},R=[1e3,4e3],O=e=>new Promise(t=>setTimeout(t,e)),T=({baseUrl:t,endpoints:n},r)=>((e,t)=>{
const n=`${t.origin}${t.pathname.replace(/\/*$/,"/")}`
;return new URL(/^(\w+:)?\/\//.test(e)?e:`./${e.replace(/^\//,"")}`,n).href
})(n?.[r]??`/auth/${r}`,new URL(t??e()??location.href)),L=e=>/^(SIGNED_OUT|SESSION_ENDED)$/.test(e?.code),k=class{#e;#t
;#n;#r;#s;constructor(e,t,n,r,s){this.#e=e,this.#t=t,this.#n=n,this.#r=r,this.#s=s}async signIn(e,t,i){
globalThis.document||this.#i("signIn","a page","none");const o=((e,t)=>{
"object"==typeof e&&e&&!Array.isArray(e)||t("signIn","an object",e),
"currentTarget"in e&&t("signIn","options: write () => signIn() instead of signIn","an event");const n={__proto__:null}
;for(const[r,s]of Object.entries(e)){const e=Object.keys(l).includes(r)&&l[r]
;e||t(`signIn.${r}`,`one of ${Object.keys(l).join(", ")}`,r),void 0!==s&&(e.test(s)||t(`signIn.${r}`,e.expected,s),
n[r]=s)}return n})(e,this.#i),{signal:a}=o;a?.aborted&&i.abort(n(a)),a?.addEventListener("abort",()=>i.abort(n(a)),{
signal:i.signal});const c=await r(this.#s(),i.signal),{name:h,transport:d}=c.settings
;if("cookie"!==d&&this.#i("signIn",'options.transport "cookie"',d),(e=>{
const t=Date.now(),n=f.read(E)??m,r=e?n.split(" ").filter(e=>/^\d+$/.test(e)&&Math.abs(t-Number(e))<6e4):[],s=r.length>=2
;return e&&!s&&r.push(`${t}`),m=r.join(" "),f.write(E,m),s
})("none"===o.prompt))throw this.#o("INTERACTION_REQUIRED",'the third sign-in with prompt "none" within a minute')
;S(h)&&!this.#a()&&await r(c.logout("session"),i.signal);const u=T(this.#t,"start"),p=t?(()=>{try{
return new BroadcastChannel("tokenward:sign-in")}catch{return}})():void 0;if(t&&p){
const e=crypto.getRandomValues(new Uint32Array(4)).join("");t.location.replace(g(u,o,e)),t.opener=null;const n={popup:t,
channel:p,id:e,signal:i.signal};return await r(this.#c(c,n),i.signal),this.#e.session}var w;return t?.close(),w=h,
f.write(s,`${Date.now()} ${w}`),v.write(y(w),void 0),this.#l(g(u,o,void 0),i)}async#c(e,t){
const n=this.#a(),r=async()=>{const t=A(e.settings.name);await e.restore().catch(n=>this.#h(e,t,n))},s=await(e=>{
const{popup:t,channel:n,id:r,signal:s}=e;return new Promise((i,o)=>{let a=!1;const c=e=>{clearInterval(f),a=!0,e()
},l=()=>{clearInterval(f),clearTimeout(I),n.close(),removeEventListener("focus",v)}
;let h,g=p(),d=Number.NEGATIVE_INFINITY;const u=()=>{void 0===h&&(t.closed?(clearInterval(f),h=p(),
w()&&setTimeout(E,500)):g=p())},w=()=>void 0!==h&&d>=g&&d<=h+500,v=()=>{const e=void 0!==h;w()||(d=p()),u(),
e&&setTimeout(E,w()?500:0)};addEventListener("focus",v);const f=setInterval(u,200),I=setTimeout(()=>{t.closed&&(l(),
c(()=>o("STALE_SIGN_IN")))},6e5);s.addEventListener("abort",l),n.onmessage=({data:t})=>{
if("string"!=typeof t||!t.startsWith(`${r}~`))return;const n=t.slice(r.length+1);l(),a?e.onLateResult(n):c(()=>i(n))}
;const E=async()=>{if(a||s.aborted)return;const t=await e.hasSession();if(!a&&!s.aborted&&(t||w())){
if(removeEventListener("focus",v),!t)return c(()=>o("POPUP_CLOSED"));l(),c(()=>i("signed-in"))}}})})({...t,
hasSession:async()=>(await e.restore().catch(()=>{}),!n&&this.#a()),onLateResult(e){"signed-in"===e&&r().catch(()=>{})}
}).catch(e=>{throw this.#o(e)});if("signed-in"!==s)throw this.#g(s);await r()}#l(e,t){return((e,t,n)=>{const{signal:s}=t
;return addEventListener("pageshow",({persisted:e})=>{
e&&(t.abort(new DOMException("the user came back to the page","AbortError")),n())},{signal:s}),location.assign(e),
r(new Promise(()=>{}),s)})(e,t,()=>{i(),this.#s().then(e=>e.restore()).catch(()=>{})})}receiveMark(e){
const[t,n]=e,r=this.#t,o=n.slice(location.origin.length),a=(e=>{if(d?.mark===e)return d.begun
;const[,t,n]=/^(\d+) (.+)$/s.exec(f.read(s)??"")??[];i()
;const r=Date.now()-Number(t),o=void 0!==n&&r>=0&&r<9e5,a="signed-in"===e[0],c=o?{clientName:n,wasRevoked:a&&A(n)
}:void 0;return d={mark:e,begun:c},c})(e),c=e=>{setTimeout(()=>this.#r("sign-in-failed",{error:e,returnTo:o}))}
;if("signed-in"!==t){
const e=({settings:e})=>void 0!==a&&a.clientName!==e.name,n=n=>n.restored.then(()=>e(n)||c(this.#g(t)));return{
options:r,notify:this.#r,isNewSession:!1,settle:n}}const{notify:l,release:h}=(e=>{let t,n=!1;return{notify(...r){
const s=r[2]?.status;n||"signed-out"!==s?(s&&(t=void 0),e(...r)):t=r},release(){n=!0,t&&e(...t),t=void 0}}
})(this.#r),{restore:g="auto",isolation:u="page"}=r;return{options:"page"!==u&&"worker"!==u||"never"===g?r:(p={...r,
restore:"always"},{__proto__:null,...p}),notify:l,isNewSession:void 0!==a,settle:async e=>{
if("cookie"!==e.settings.transport)return h();const t=await e.restore().then(()=>{},e=>({error:e}));h(),
t&&this.#h(e,!0===a?.wasRevoked,t.error).catch(t=>{a?.clientName===e.settings.name&&L(t)&&c(this.#o("STALE_SIGN_IN"))})}
};var p}async signOut(e,t){((e,t)=>{void 0===e||c.test(e)||t("logout.returnTo",c.expected,e)})(t,this.#i)
;const n=O(2e3),r=await Promise.race([this.#s().catch(()=>{}),n]),{transport:s="cookie"}=r?r.settings:this.#t
;return"cookie"!==s&&this.#i("logout",'options.transport "cookie"',s),await Promise.race([e().catch(()=>{}),n]),
await(e=>{const t=new Promise(e=>{const t=new AbortController;addEventListener("pageshow",({persisted:n})=>{
n&&(t.abort(),e())},{signal:t.signal})});return location.assign(e),t})(((e,t)=>{const n=new URL(e)
;return n.searchParams.set("returnTo",h(n,t)),n.href})(T(this.#t,"end"),t)),{revoked:!1}}async#h(e,t,n){let r=n
;for(const n of R){if(L(r)&&this.#a())return
;if(!(L(r)?t:"REFRESH_UNAVAILABLE"===r?.code)||"restoring"===this.#e.session.status)break;await O(n);try{
return void await e.restore()}catch(e){r=e}}throw r}#a(){return"signed-in"===this.#e.session.status}#g(e){
const t=e.slice(14);return this.#o(Object.keys(N).includes(t)&&N[t]||"PROVIDER_REFUSED")}#o(e,t=_[e]??""){
return new this.#n(e,t,{retryable:"PROVIDER_UNAVAILABLE"===e})}#i=(e,t,n)=>{
throw new this.#n("INVALID_OPTIONS",((e,t,n,r="")=>`${e}: expected ${t}, got ${("string"==typeof n?JSON.stringify(n):"object"==typeof n&&n?"an "+(Array.isArray(n)?"array":"object"):String(n)).slice(0,80)}${r||""}`)(e,t,n))
}},P=class extends Error{code;constructor(e,t){super(t),this.code=e}parts(){
return/^(.*?): expected (.*), got (.*)$/s.exec(this.message)?.slice(1)??[]}
},D=({transport:e,protocol:n})=>globalThis.document&&(e?"cookie"===e:"oauth2"!==n)?(()=>{
const{href:e,hash:n}=location,[r,s]=/~(?:signed-out|(signed-in|sign-in-error=[^~]*))$/.exec(n)??[];if(r){
const n=e.slice(0,-r.length).replace(/#$/,"");try{history.replaceState(history.state,"",n)}catch{}s&&(t=[s,n]),
setTimeout(()=>{t=void 0})}return t})():void 0,$=([e])=>"signed-in"===e,U=class{#t;#s;#d;#u=(()=>{let e=()=>{},t=()=>{}
;const n=new Promise((n,r)=>{e=n,t=r});return n.catch(()=>{}),{promise:n,resolve:e,reject:t}})();#p;#w;isNewSession=!1
;constructor(e,t,n){const{restore:r,logout:s,logoutByPage:i}=n;this.#p=i,this.#t=e,this.#s={settings:t,restore:r,
logout:s,restored:this.#u.promise},this.#d=new k({get session(){return{status:n.status()}}},e,P,(e,t)=>{
const{error:r,returnTo:s}=t;n.onFailed(r,s)},()=>Promise.resolve(this.#s))}receiveMark(e){
const{settle:t,isNewSession:n}=this.#d.receiveMark(e);return this.isNewSession=n,()=>{t(this.#s).catch(()=>{})}}
restored(){this.#u.resolve()}async signIn(e,t){this.end();const n=new AbortController;this.#w=n
;const r="string"==typeof e?JSON.parse(e):e,s=(({display:e},{baseUrl:t,endpoints:n})=>"popup"===e&&new URL(n?.start??"",t??location.href).origin===location.origin?open("","_blank","width=500,height=640"):null)(Object(r),this.#t)
;t.addEventListener("abort",()=>n.abort());const i=this.#d.signIn(r,s,n);i.catch(()=>s?.close()),await i}signOut(e){
return this.#d.signOut(this.#p,e)}end(){
i(),this.#w?.abort(new DOMException("a later call replaced this one","AbortError"))}}
;export{U as RustSignIn,P as SignInFailure,$ as isSignedInMark,D as takeSignInMark};
