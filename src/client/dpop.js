// Generated from js/auth/dpop.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}},{Request:o,Headers:a,XMLHttpRequest:s,URLSearchParams:i}=(globalThis,
globalThis),{fetch:c}=globalThis,{parse:p,stringify:h}=JSON,{keys:d}=Object,l=(r(String.prototype.indexOf),
r(String.prototype.lastIndexOf),r(String.prototype.slice),r(String.prototype.toLowerCase),
r(Object.prototype.hasOwnProperty),o?.prototype),y=(n(l,"body"),n(l,"credentials"),
n(l,"headers")),w=n(l,"method"),u=(n(l,"referrer"),n(l,"referrerPolicy"),n(l,"signal"),n(l,"url")),g=(l&&r(l.clone),
a?.prototype),b=g&&r(g.set),f=(g&&r(g.has),g&&r(g.delete)),k=s?.prototype,{subtle:v}=(k&&r(k.open),k&&r(k.send),
k&&r(k.abort),k&&r(k.setRequestHeader),k&&r(k.getAllResponseHeaders),k&&r(k.addEventListener),
k&&r(Object.getOwnPropertyDescriptor(k,"withCredentials")?.set),n(k,"status"),n(k,"responseText"),n(k,"responseURL"),
globalThis.crypto??{}),T=e=>e?.bind(v),[S,O,j,m]=[T(v?.generateKey),T(v?.exportKey),T(v?.sign),T(v?.digest)],H=new TextEncoder,x=H.encode.bind(H),{stringify:A}=JSON,{btoa:P}=globalThis,{fromCharCode:R}=String,{URL:_}=globalThis,E={
__proto__:null,name:"ECDSA",namedCurve:"P-256",hash:"SHA-256"},K=e=>new _(e).origin;async function C(e){
const{privateKey:t,publicKey:r}=e&&await(async e=>{try{const t=await L(),r=await U(indexedDB.open("tokenward",1),e=>{
e.onupgradeneeded=()=>e.result.createObjectStore("keys")
}),n=r.transaction("keys","readwrite").objectStore("keys"),o=await U(n.get(e));return o||await U(n.put(t,e)),r.close(),
o??t}catch{return}})(e)||await L(),{kty:n,crv:o,x:a,y:s}=await O("jwk",r);return new D(t,{kty:n,crv:o,x:a,y:s})}
var D=class{#e;#t;#r=new Map;#n="";#o="";constructor(e,t){this.#e=e,this.#t=$(x(A({typ:"dpop+jwt",alg:"ES256",jwk:t})))}
learnNonce(e,t){t&&this.#r.set(K(e),t)}async sendAuthRequest(e,{method:t,url:r},n,o){e.set("dpop",await this.#a(t,r,n))
;const a=await o();return/^use_dpop_nonce$/i.test(a.code??"")?(e.set("dpop",await this.#a(t,r,n)),o()):a}
async send(e,t,r,n){const a=r.generation();let s=e;for(let e=0;;e+=1){await this.#s(s,r,a),n(s)
;const i=await c(s),{status:p,url:h,redirected:d,headers:l}=i;if(this.learnNonce(h,l.get("dpop-nonce")),
401!==p||e>1)return i
;const u=/use_dpop_nonce/.test(l.get("www-authenticate")??""),g=d&&/^(GET|HEAD)$/.test(w(s))&&r.allows(h),b=u||g?t():void 0
;if(!b)return i;i.body?.cancel().catch(()=>{}),g&&f(y(b),"authorization"),s=g?new o(h,b):b}}async#s(e,t,r){
for(let n="";n!==t.accessToken()||!n;){n=t.accessToken();const o=await this.#a(w(e),u(e),n)
;if(t.generation()!==r)throw new TypeError("the session in which this call was made has ended");b(y(e),"dpop",o)}}
async#a(e,t,r){if(r&&r!==this.#n){const e=await m("SHA-256",x(r));this.#n=r,this.#o=$(new Uint8Array(e))}
const n=this.#r.get(K(t)),o={jti:crypto.getRandomValues(new Uint32Array(4)).join("-"),htm:e,htu:t.replace(/[?#].*/s,""),
iat:Math.floor(Date.now()/1e3),...r&&{ath:this.#o},...n&&{nonce:n}
},a=`${this.#t}.${$(x(A(o)))}`,s=await j(E,this.#e,x(a));return`${a}.${$(new Uint8Array(s))}`}},L=()=>S(E,!1,["sign"])
;function U(e,t){return new Promise((r,n)=>{e.onsuccess=()=>r(e.result),e.onerror=()=>n(e.error),t?.(e)})}var $=e=>{
let t="";for(let r=0;r<e.length;r+=1)t+=R(e[r]);return P(t).replace(/\+/g,"-").replace(/\//g,"_").replace(/=/g,"")}
;export{D as DpopProver,C as createProver};
