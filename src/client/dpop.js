// Generated from js/auth/dpop.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}},{Request:o,Headers:a,XMLHttpRequest:s,URLSearchParams:i}=(globalThis,
globalThis),{fetch:c}=globalThis,{parse:p,stringify:h}=JSON,d=(r(String.prototype.indexOf),r(String.prototype.slice),
r(Object.prototype.hasOwnProperty),r(RegExp.prototype.exec),o?.prototype),l=(n(d,"body"),n(d,"credentials"),
n(d,"headers")),y=n(d,"method"),w=(n(d,"referrer"),n(d,"referrerPolicy"),n(d,"signal"),n(d,"url")),u=(d&&r(d.clone),
a?.prototype),g=u&&r(u.set),b=(u&&r(u.has),u&&r(u.delete),s?.prototype),{subtle:f}=(b&&r(b.open),b&&r(b.send),
b&&r(b.abort),b&&r(b.setRequestHeader),b&&r(b.getResponseHeader),b&&r(b.addEventListener),
b&&r(Object.getOwnPropertyDescriptor(b,"withCredentials")?.set),n(b,"status"),n(b,"responseText"),n(b,"responseURL"),
globalThis.crypto??{}),T=e=>e?.bind(f),[k,v,S,O]=[T(f?.generateKey),T(f?.exportKey),T(f?.sign),T(f?.digest)],P=new TextEncoder,j=P.encode.bind(P),{stringify:x}=JSON,{btoa:H}=globalThis,{fromCharCode:R}=String,{URL:m}=globalThis,_={
__proto__:null,name:"ECDSA",namedCurve:"P-256",hash:"SHA-256"},A=e=>new m(e).origin;async function E(e){
const{privateKey:t,publicKey:r}=e&&await(async e=>{try{const t=await D(),r=await U(indexedDB.open("tokenward",1),e=>{
e.onupgradeneeded=()=>e.result.createObjectStore("keys")
}),n=r.transaction("keys","readwrite").objectStore("keys"),o=await U(n.get(e));return o||await U(n.put(t,e)),r.close(),
o??t}catch{return}})(e)||await D(),{kty:n,crv:o,x:a,y:s}=await v("jwk",r);return new K(t,{kty:n,crv:o,x:a,y:s})}
var K=class{#e;#t;#r=new Map;#n="";#o="";constructor(e,t){this.#e=e,this.#t=$(j(x({typ:"dpop+jwt",alg:"ES256",jwk:t})))}
learnNonce(e,t){t&&this.#r.set(A(e),t)}async sendAuthRequest(e,t,r,n){e.set("dpop",await this.#a("POST",t,r))
;const o=await n();return/^use_dpop_nonce$/i.test(o.code??"")?(e.set("dpop",await this.#a("POST",t,r)),n()):o}
async send(e,t,r,n){const a=r.generation();let s=e;for(let e=0;;e+=1){await this.#s(s,r,a),n(s)
;const i=await c(s),{status:p,url:h,redirected:d,headers:l}=i;if(this.learnNonce(h,l.get("dpop-nonce")),
401!==p||e>1)return i
;const w=/use_dpop_nonce/.test(l.get("www-authenticate")??""),u=d&&/^(GET|HEAD)$/.test(y(s))&&r.allows(h),g=w||u?t():void 0
;if(!g)return i;i.body?.cancel().catch(()=>{}),s=u?new o(h,g):g}}async#s(e,t,r){for(let n="";n!==t.accessToken()||!n;){
n=t.accessToken();const o=await this.#a(y(e),w(e),n)
;if(t.generation()!==r)throw new TypeError("the session in which this call was made has ended");g(l(e),"dpop",o)}}
async#a(e,t,r){if(r&&r!==this.#n){const e=await O("SHA-256",j(r));this.#n=r,this.#o=$(new Uint8Array(e))}
const n=this.#r.get(A(t)),o={jti:crypto.getRandomValues(new Uint32Array(4)).join("-"),htm:e,htu:t.replace(/[?#].*/s,""),
iat:Math.floor(Date.now()/1e3),...r&&{ath:this.#o},...n&&{nonce:n}
},a=`${this.#t}.${$(j(x(o)))}`,s=await S(_,this.#e,j(a));return`${a}.${$(new Uint8Array(s))}`}},D=()=>k(_,!1,["sign"])
;function U(e,t){return new Promise((r,n)=>{e.onsuccess=()=>r(e.result),e.onerror=()=>n(e.error),t?.(e)})}var $=e=>{
let t="";for(let r=0;r<e.length;r+=1)t+=R(e[r]);return H(t).replace(/\+/g,"-").replace(/\//g,"_").replace(/=/g,"")}
;export{K as DpopProver,E as createProver};
