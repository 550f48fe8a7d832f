// Generated from js/auth/dpop.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),o=(e,t)=>{const o=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return o?r(o):()=>{}},{Request:n,Headers:a,XMLHttpRequest:s,URL:i,URLSearchParams:c}=(globalThis,globalThis.document,
globalThis),{fetch:p}=globalThis,{parse:h,stringify:d}=JSON,{getPrototypeOf:l,keys:y,prototype:w}=Object,u=(r(String.prototype.indexOf),
r(String.prototype.lastIndexOf),r(String.prototype.slice),r(String.prototype.toLowerCase),
r(Object.prototype.hasOwnProperty),o(i?.prototype,"href"),o(globalThis.Node?.prototype,"baseURI"),
n?.prototype),g=(o(u,"body"),o(u,"credentials"),o(u,"headers")),b=o(u,"method"),f=(o(u,"referrer"),
o(u,"referrerPolicy"),o(u,"signal"),o(u,"url")),k=(u&&r(u.clone),a?.prototype),T=k&&r(k.set),v=(k&&r(k.has),
k&&r(k.delete)),S=s?.prototype;function O(e,t){return new Promise((r,o)=>{e.onsuccess=()=>r(e.result),
e.onerror=()=>o(e.error),t?.(e)})}S&&r(S.open),S&&r(S.send),S&&r(S.abort),S&&r(S.setRequestHeader),
S&&r(S.getAllResponseHeaders),S&&r(S.addEventListener),S&&r(Object.getOwnPropertyDescriptor(S,"withCredentials")?.set),
o(S,"status"),o(S,"responseText"),o(S,"responseURL")
;var{subtle:j}=globalThis.crypto??{},m=e=>e?.bind(j),[R,H,P,x]=[m(j?.generateKey),m(j?.exportKey),m(j?.sign),m(j?.digest)],A=new TextEncoder,_=A.encode.bind(A),{stringify:U}=JSON,{btoa:E}=globalThis,{fromCharCode:K}=String,{URL:L}=globalThis,C={
__proto__:null,name:"ECDSA",namedCurve:"P-256",hash:"SHA-256"},D=e=>new L(e).origin;async function $(e){
const{privateKey:t,publicKey:r}=e&&await(async(e,t)=>{try{const r=await t(),o=await O(indexedDB.open("tokenward",1),e=>{
e.onupgradeneeded=()=>e.result.createObjectStore("keys")
}),n=o.transaction("keys","readwrite").objectStore("keys"),a=await O(n.get(e));return a||await O(n.put(r,e)),o.close(),
a??r}catch{return}})(e,q)||await q(),{kty:o,crv:n,x:a,y:s}=await H("jwk",r);return new N(t,{kty:o,crv:n,x:a,y:s})}
var N=class{#e;#t;#r=new Map;#o="";#n="";constructor(e,t){this.#e=e,this.#t=M(_(U({typ:"dpop+jwt",alg:"ES256",jwk:t})))}
learnNonce(e,t){t&&this.#r.set(D(e),t)}async sendAuthRequest(e,{method:t,url:r},o,n){e.set("dpop",await this.#a(t,r,o))
;const a=await n();return/^use_dpop_nonce$/i.test(a.code??"")?(e.set("dpop",await this.#a(t,r,o)),n()):a}
async send(e,t,r,o){const a=r.generation();let s=e;for(let e=0;;e+=1){await this.#s(s,r,a),o(s)
;const i=await p(s),{status:c,url:h,redirected:d,headers:l}=i;if(this.learnNonce(h,l.get("dpop-nonce")),
401!==c||e>1)return i
;const y=/use_dpop_nonce/.test(l.get("www-authenticate")??""),w=d&&/^(GET|HEAD)$/.test(b(s))&&r.allows(h),u=y||w?t():void 0
;if(!u)return i;i.body?.cancel().catch(()=>{}),w&&v(g(u),"authorization"),s=w?new n(h,u):u}}async#s(e,t,r){
for(let o="";o!==t.accessToken()||!o;){o=t.accessToken();const n=await this.#a(b(e),f(e),o)
;if(t.generation()!==r)throw new TypeError("the session in which this call was made has ended");T(g(e),"dpop",n)}}
async#a(e,t,r){if(r&&r!==this.#o){const e=await x("SHA-256",_(r));this.#o=r,this.#n=M(new Uint8Array(e))}
const o=this.#r.get(D(t)),n={jti:crypto.getRandomValues(new Uint32Array(4)).join("-"),htm:e,htu:t.replace(/[?#].*/s,""),
iat:Math.floor(Date.now()/1e3),...r&&{ath:this.#n},...o&&{nonce:o}
},a=`${this.#t}.${M(_(U(n)))}`,s=await P(C,this.#e,_(a));return`${a}.${M(new Uint8Array(s))}`}
},q=()=>R(C,!1,["sign"]),M=e=>{let t="";for(let r=0;r<e.length;r+=1)t+=K(e[r])
;return E(t).replace(/\+/g,"-").replace(/\//g,"_").replace(/=/g,"")};export{N as DpopProver,$ as createProver};
