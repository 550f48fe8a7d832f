// Generated from js/auth/dpop.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),n=(e,t)=>{const n=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return n?r(n):()=>{}},{fetch:a,Request:o,Headers:s,XMLHttpRequest:i,URLSearchParams:c}=(globalThis,
globalThis),{parse:p,stringify:d}=JSON,{hasOwn:h}=Object,l=(r(String.prototype.indexOf),r(String.prototype.slice),
r(RegExp.prototype.exec),
o?.prototype),w=(n(l,"body"),n(l,"credentials"),n(l,"headers")),y=n(l,"method"),u=(n(l,"referrer"),
n(l,"referrerPolicy"),n(l,"signal"),n(l,"url")),g=(l&&r(l.clone),s?.prototype),b=g&&r(g.set),f=(g&&r(g.has),
g&&r(g.delete),i?.prototype),{subtle:k}=(f&&r(f.open),f&&r(f.send),f&&r(f.abort),f&&r(f.setRequestHeader),
f&&r(f.getResponseHeader),f&&r(f.addEventListener),f&&r(Object.getOwnPropertyDescriptor(f,"withCredentials")?.set),
n(f,"status"),
n(f,"responseText"),n(f,"responseURL"),globalThis.crypto??{}),v=e=>e?.bind(k),[T,S,O,x]=[v(k?.generateKey),v(k?.exportKey),v(k?.sign),v(k?.digest)],A=new TextEncoder,H=A.encode.bind(A),{stringify:P}=JSON,{btoa:j}=globalThis,{fromCharCode:m}=String,{URL:R}=globalThis,_={
__proto__:null,name:"ECDSA",namedCurve:"P-256",hash:"SHA-256"},E=e=>new R(e).origin;async function D(e){
const{privateKey:t,publicKey:r}=e&&await(async e=>{try{const t=await U(),r=await $(indexedDB.open("tokenward",1),e=>{
e.onupgradeneeded=()=>e.result.createObjectStore("keys")
}),n=r.transaction("keys","readwrite").objectStore("keys"),a=await $(n.get(e));return a||await $(n.put(t,e)),r.close(),
a??t}catch{return}})(e)||await U(),{kty:n,crv:a,x:o,y:s}=await S("jwk",r);return new K(t,{kty:n,crv:a,x:o,y:s})}
var K=class{#e;#t;#r=new Map;#n="";#a="";constructor(e,t){this.#e=e,this.#t=C(H(P({typ:"dpop+jwt",alg:"ES256",jwk:t})))}
learnNonce(e,t){t&&this.#r.set(E(e),t)}async sendAuthRequest(e,t,r,n){e.set("dpop",await this.#o("POST",t,r))
;const a=await n();return/^use_dpop_nonce$/i.test(a.code??"")?(e.set("dpop",await this.#o("POST",t,r)),n()):a}
async send(e,t,r,n){const s=r.generation();let i=e;for(let e=0;;e+=1){await this.#s(i,r,s),n(i)
;const c=await a(i),{status:p,url:d,redirected:h,headers:l}=c;if(this.learnNonce(d,l.get("dpop-nonce")),
401!==p||e>1)return c
;const w=/use_dpop_nonce/.test(l.get("www-authenticate")??""),u=h&&/^(GET|HEAD)$/.test(y(i))&&r.allows(d),g=w||u?t():void 0
;if(!g)return c;c.body?.cancel().catch(()=>{}),i=u?new o(d,g):g}}async#s(e,t,r){for(let n="";n!==t.accessToken()||!n;){
n=t.accessToken();const a=await this.#o(y(e),u(e),n)
;if(t.generation()!==r)throw new TypeError("the session in which this call was made has ended");b(w(e),"dpop",a)}}
async#o(e,t,r){if(r&&r!==this.#n){const e=await x("SHA-256",H(r));this.#n=r,this.#a=C(new Uint8Array(e))}
const n=this.#r.get(E(t)),a={jti:crypto.randomUUID(),htm:e,htu:t.replace(/[?#].*/s,""),iat:Math.floor(Date.now()/1e3),
...r&&{ath:this.#a},...n&&{nonce:n}},o=`${this.#t}.${C(H(P(a)))}`,s=await O(_,this.#e,H(o))
;return`${o}.${C(new Uint8Array(s))}`}},U=()=>T(_,!1,["sign"]);function $(e,t){return new Promise((r,n)=>{
e.onsuccess=()=>r(e.result),e.onerror=()=>n(e.error),t?.(e)})}var C=e=>{let t="";for(let r=0;r<e.length;r+=1)t+=m(e[r])
;return j(t).replaceAll("+","-").replaceAll("/","_").replaceAll("=","")};export{K as DpopProver,D as createProver};
