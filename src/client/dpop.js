// Generated from js/auth/dpop.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}},{Request:o,Headers:a,XMLHttpRequest:s,URLSearchParams:i}=(globalThis,
globalThis),{fetch:c}=globalThis,{parse:p,stringify:h}=JSON,{keys:d}=Object,l=(r(String.prototype.indexOf),
r(String.prototype.lastIndexOf),r(String.prototype.slice),r(String.prototype.toLowerCase),
r(Object.prototype.hasOwnProperty),o?.prototype),y=(n(l,"body"),n(l,"credentials"),
n(l,"headers")),w=n(l,"method"),u=(n(l,"referrer"),n(l,"referrerPolicy"),n(l,"signal"),n(l,"url")),g=(l&&r(l.clone),
a?.prototype),b=g&&r(g.set),f=(g&&r(g.has),g&&r(g.delete)),k=s?.prototype;function v(e,t){return new Promise((r,n)=>{
e.onsuccess=()=>r(e.result),e.onerror=()=>n(e.error),t?.(e)})}k&&r(k.open),k&&r(k.send),k&&r(k.abort),
k&&r(k.setRequestHeader),k&&r(k.getAllResponseHeaders),k&&r(k.addEventListener),
k&&r(Object.getOwnPropertyDescriptor(k,"withCredentials")?.set),n(k,"status"),n(k,"responseText"),n(k,"responseURL")
;var{subtle:T}=globalThis.crypto??{},S=e=>e?.bind(T),[O,j,m,H]=[S(T?.generateKey),S(T?.exportKey),S(T?.sign),S(T?.digest)],x=new TextEncoder,A=x.encode.bind(x),{stringify:P}=JSON,{btoa:R}=globalThis,{fromCharCode:_}=String,{URL:E}=globalThis,K={
__proto__:null,name:"ECDSA",namedCurve:"P-256",hash:"SHA-256"},C=e=>new E(e).origin;async function D(e){
const{privateKey:t,publicKey:r}=e&&await(async(e,t)=>{try{const r=await t(),n=await v(indexedDB.open("tokenward",1),e=>{
e.onupgradeneeded=()=>e.result.createObjectStore("keys")
}),o=n.transaction("keys","readwrite").objectStore("keys"),a=await v(o.get(e));return a||await v(o.put(r,e)),n.close(),
a??r}catch{return}})(e,U)||await U(),{kty:n,crv:o,x:a,y:s}=await j("jwk",r);return new L(t,{kty:n,crv:o,x:a,y:s})}
var L=class{#e;#t;#r=new Map;#n="";#o="";constructor(e,t){this.#e=e,this.#t=$(A(P({typ:"dpop+jwt",alg:"ES256",jwk:t})))}
learnNonce(e,t){t&&this.#r.set(C(e),t)}async sendAuthRequest(e,{method:t,url:r},n,o){e.set("dpop",await this.#a(t,r,n))
;const a=await o();return/^use_dpop_nonce$/i.test(a.code??"")?(e.set("dpop",await this.#a(t,r,n)),o()):a}
async send(e,t,r,n){const a=r.generation();let s=e;for(let e=0;;e+=1){await this.#s(s,r,a),n(s)
;const i=await c(s),{status:p,url:h,redirected:d,headers:l}=i;if(this.learnNonce(h,l.get("dpop-nonce")),
401!==p||e>1)return i
;const u=/use_dpop_nonce/.test(l.get("www-authenticate")??""),g=d&&/^(GET|HEAD)$/.test(w(s))&&r.allows(h),b=u||g?t():void 0
;if(!b)return i;i.body?.cancel().catch(()=>{}),g&&f(y(b),"authorization"),s=g?new o(h,b):b}}async#s(e,t,r){
for(let n="";n!==t.accessToken()||!n;){n=t.accessToken();const o=await this.#a(w(e),u(e),n)
;if(t.generation()!==r)throw new TypeError("the session in which this call was made has ended");b(y(e),"dpop",o)}}
async#a(e,t,r){if(r&&r!==this.#n){const e=await H("SHA-256",A(r));this.#n=r,this.#o=$(new Uint8Array(e))}
const n=this.#r.get(C(t)),o={jti:crypto.getRandomValues(new Uint32Array(4)).join("-"),htm:e,htu:t.replace(/[?#].*/s,""),
iat:Math.floor(Date.now()/1e3),...r&&{ath:this.#o},...n&&{nonce:n}
},a=`${this.#t}.${$(A(P(o)))}`,s=await m(K,this.#e,A(a));return`${a}.${$(new Uint8Array(s))}`}
},U=()=>O(K,!1,["sign"]),$=e=>{let t="";for(let r=0;r<e.length;r+=1)t+=_(e[r])
;return R(t).replace(/\+/g,"-").replace(/\//g,"_").replace(/=/g,"")};export{L as DpopProver,D as createProver};
