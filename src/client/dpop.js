// Generated from js/auth/dpop.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}},{Request:a,Headers:o,XMLHttpRequest:s,URLSearchParams:i}=(globalThis,
globalThis),{fetch:c}=globalThis,{parse:p,stringify:h}=JSON,{hasOwn:d}=Object,l=(r(String.prototype.indexOf),
r(String.prototype.slice),r(RegExp.prototype.exec),a?.prototype),w=(n(l,"body"),n(l,"credentials"),
n(l,"headers")),y=n(l,"method"),u=(n(l,"referrer"),n(l,"referrerPolicy"),n(l,"signal"),n(l,"url")),g=(l&&r(l.clone),
o?.prototype),b=g&&r(g.set),f=(g&&r(g.has),g&&r(g.delete),s?.prototype),{subtle:T}=(f&&r(f.open),f&&r(f.send),
f&&r(f.abort),f&&r(f.setRequestHeader),f&&r(f.getResponseHeader),f&&r(f.addEventListener),
f&&r(Object.getOwnPropertyDescriptor(f,"withCredentials")?.set),n(f,"status"),n(f,"responseText"),n(f,"responseURL"),
globalThis.crypto??{}),k=e=>e?.bind(T),[v,S,O,x]=[k(T?.generateKey),k(T?.exportKey),k(T?.sign),k(T?.digest)],A=new TextEncoder,H=A.encode.bind(A),{stringify:P}=JSON,{btoa:j}=globalThis,{fromCharCode:m}=String,{URL:R}=globalThis,_={
__proto__:null,name:"ECDSA",namedCurve:"P-256",hash:"SHA-256"},E=e=>new R(e).origin;async function D(e){
const{privateKey:t,publicKey:r}=e&&await(async e=>{try{const t=await U(),r=await $(indexedDB.open("tokenward",1),e=>{
e.onupgradeneeded=()=>e.result.createObjectStore("keys")
}),n=r.transaction("keys","readwrite").objectStore("keys"),a=await $(n.get(e));return a||await $(n.put(t,e)),r.close(),
a??t}catch{return}})(e)||await U(),{kty:n,crv:a,x:o,y:s}=await S("jwk",r);return new K(t,{kty:n,crv:a,x:o,y:s})}
var K=class{#e;#t;#r=new Map;#n="";#a="";constructor(e,t){this.#e=e,this.#t=C(H(P({typ:"dpop+jwt",alg:"ES256",jwk:t})))}
learnNonce(e,t){t&&this.#r.set(E(e),t)}async sendAuthRequest(e,t,r,n){e.set("dpop",await this.#o("POST",t,r))
;const a=await n();return/^use_dpop_nonce$/i.test(a.code??"")?(e.set("dpop",await this.#o("POST",t,r)),n()):a}
async send(e,t,r,n){const o=r.generation();let s=e;for(let e=0;;e+=1){await this.#s(s,r,o),n(s)
;const i=await c(s),{status:p,url:h,redirected:d,headers:l}=i;if(this.learnNonce(h,l.get("dpop-nonce")),
401!==p||e>1)return i
;const w=/use_dpop_nonce/.test(l.get("www-authenticate")??""),u=d&&/^(GET|HEAD)$/.test(y(s))&&r.allows(h),g=w||u?t():void 0
;if(!g)return i;i.body?.cancel().catch(()=>{}),s=u?new a(h,g):g}}async#s(e,t,r){for(let n="";n!==t.accessToken()||!n;){
n=t.accessToken();const a=await this.#o(y(e),u(e),n)
;if(t.generation()!==r)throw new TypeError("the session in which this call was made has ended");b(w(e),"dpop",a)}}
async#o(e,t,r){if(r&&r!==this.#n){const e=await x("SHA-256",H(r));this.#n=r,this.#a=C(new Uint8Array(e))}
const n=this.#r.get(E(t)),a={jti:crypto.randomUUID(),htm:e,htu:t.replace(/[?#].*/s,""),iat:Math.floor(Date.now()/1e3),
...r&&{ath:this.#a},...n&&{nonce:n}},o=`${this.#t}.${C(H(P(a)))}`,s=await O(_,this.#e,H(o))
;return`${o}.${C(new Uint8Array(s))}`}},U=()=>v(_,!1,["sign"]);function $(e,t){return new Promise((r,n)=>{
e.onsuccess=()=>r(e.result),e.onerror=()=>n(e.error),t?.(e)})}var C=e=>{let t="";for(let r=0;r<e.length;r+=1)t+=m(e[r])
;return j(t).replaceAll("+","-").replaceAll("/","_").replaceAll("=","")};export{K as DpopProver,D as createProver};
