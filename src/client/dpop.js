// Generated from js/auth/dpop.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}},{fetch:o,Request:a,Headers:s,XMLHttpRequest:i,URLSearchParams:c}=(globalThis,
globalThis),{parse:p,stringify:h}=JSON,{hasOwn:d,keys:l}=Object,w=(r(String.prototype.indexOf),
r(String.prototype.slice),r(String.prototype.toLowerCase),a?.prototype),y=(n(w,"body"),n(w,"credentials"),
n(w,"headers")),u=n(w,"method"),g=(n(w,"referrer"),n(w,"referrerPolicy"),n(w,"signal"),n(w,"url")),b=(w&&r(w.clone),
s?.prototype),f=b&&r(b.set),k=(b&&r(b.has),b&&r(b.delete)),v=i?.prototype,{subtle:T}=(v&&r(v.open),v&&r(v.send),
v&&r(v.abort),v&&r(v.setRequestHeader),v&&r(v.getAllResponseHeaders),v&&r(v.addEventListener),
v&&r(Object.getOwnPropertyDescriptor(v,"withCredentials")?.set),n(v,"status"),n(v,"responseText"),n(v,"responseURL"),
globalThis.crypto??{}),S=e=>e?.bind(T),[O,A,H,P]=[S(T?.generateKey),S(T?.exportKey),S(T?.sign),S(T?.digest)],j=new TextEncoder,m=j.encode.bind(j),{stringify:_}=JSON,{btoa:x}=globalThis,{fromCharCode:R}=String,{URL:D}=globalThis,E={
__proto__:null,name:"ECDSA",namedCurve:"P-256",hash:"SHA-256"},K=e=>new D(e).origin;async function U(e){
const{privateKey:t,publicKey:r}=e&&await(async e=>{try{const t=await L(),r=await $(indexedDB.open("tokenward",1),e=>{
e.onupgradeneeded=()=>e.result.createObjectStore("keys")
}),n=r.transaction("keys","readwrite").objectStore("keys"),o=await $(n.get(e));return o||await $(n.put(t,e)),r.close(),
o??t}catch{return}})(e)||await L(),{kty:n,crv:o,x:a,y:s}=await A("jwk",r);return new C(t,{kty:n,crv:o,x:a,y:s})}
var C=class{#e;#t;#r=new Map;#n="";#o="";constructor(e,t){this.#e=e,this.#t=q(m(_({typ:"dpop+jwt",alg:"ES256",jwk:t})))}
learnNonce(e,t){t&&this.#r.set(K(e),t)}async sendAuthRequest(e,t,r,n){e.set("dpop",await this.#a("POST",t,r))
;const o=await n();return/^use_dpop_nonce$/i.test(o.code??"")?(e.set("dpop",await this.#a("POST",t,r)),n()):o}
async send(e,t,r,n){const s=r.generation();let i=e;for(let e=0;;e+=1){await this.#s(i,r,s),n(i)
;const c=await o(i),{status:p,url:h,redirected:d,headers:l}=c;if(this.learnNonce(h,l.get("dpop-nonce")),
401!==p||e>1)return c
;const w=/use_dpop_nonce/.test(l.get("www-authenticate")??""),g=d&&/^(GET|HEAD)$/.test(u(i))&&r.allows(h),b=w||g?t():void 0
;if(!b)return c;c.body?.cancel().catch(()=>{}),g&&k(y(b),"authorization"),i=g?new a(h,b):b}}async#s(e,t,r){
for(let n="";n!==t.accessToken()||!n;){n=t.accessToken();const o=await this.#a(u(e),g(e),n)
;if(t.generation()!==r)throw new TypeError("the session in which this call was made has ended");f(y(e),"dpop",o)}}
async#a(e,t,r){if(r&&r!==this.#n){const e=await P("SHA-256",m(r));this.#n=r,this.#o=q(new Uint8Array(e))}
const n=this.#r.get(K(t)),o={jti:crypto.randomUUID(),htm:e,htu:t.replace(/[?#].*/s,""),iat:Math.floor(Date.now()/1e3),
...r&&{ath:this.#o},...n&&{nonce:n}},a=`${this.#t}.${q(m(_(o)))}`,s=await H(E,this.#e,m(a))
;return`${a}.${q(new Uint8Array(s))}`}},L=()=>O(E,!1,["sign"]);function $(e,t){return new Promise((r,n)=>{
e.onsuccess=()=>r(e.result),e.onerror=()=>n(e.error),t?.(e)})}var q=e=>{let t="";for(let r=0;r<e.length;r+=1)t+=R(e[r])
;return x(t).replaceAll("+","-").replaceAll("/","_").replaceAll("=","")};export{C as DpopProver,U as createProver};
