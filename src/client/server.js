// Generated from js/rust/server.ts by `npm run build:platform`.
var{bind:e,call:t}=Function.prototype,r=e.bind(t),o=(e,t)=>{const o=e&&Object.getOwnPropertyDescriptor(e,t)?.get
;return o?r(o):()=>{}},{Request:s,Headers:n,XMLHttpRequest:a,URL:i,URLSearchParams:c}=(globalThis,globalThis.document,
globalThis),{fetch:l}=globalThis,{parse:d,stringify:p}=JSON,{getPrototypeOf:y,keys:u,prototype:b}=Object,f=(r(String.prototype.indexOf),
r(String.prototype.lastIndexOf),r(String.prototype.slice),r(String.prototype.toLowerCase),
r(Object.prototype.hasOwnProperty),o(i?.prototype,"href"),o(globalThis.Node?.prototype,"baseURI"),
s?.prototype),h=(o(f,"body"),o(f,"credentials"),o(f,"headers"),o(f,"method"),o(f,"referrer"),o(f,"referrerPolicy"),
o(f,"signal"),o(f,"url"),f&&r(f.clone),n?.prototype),g=(h&&r(h.set),h&&r(h.has),h&&r(h.delete),a?.prototype)
;g&&r(g.open),g&&r(g.send),g&&r(g.abort),g&&r(g.setRequestHeader),g&&r(g.getAllResponseHeaders),
g&&r(g.addEventListener),g&&r(Object.getOwnPropertyDescriptor(g,"withCredentials")?.set),o(g,"status"),
o(g,"responseText"),o(g,"responseURL");var m=class extends Error{name="AuthError";code;status;retryable
;retryAfterSeconds;body;docs;constructor(e,t,r={}){const o=(s=r,{__proto__:null,...s});var s;super(`${e}: ${t}`,o),
this.code=e,this.status=o.status??null,this.retryable=o.retryable??!1,this.retryAfterSeconds=o.retryAfterSeconds??null,
this.body=o.body,this.docs="https://github.com/tokenward/tokenward/blob/main/docs/reference/errors/"+e+".md"}},j={
timeout:"timeoutSeconds",renewBefore:"renewBeforeSeconds",minValidity:"minValiditySeconds"
},O=(e,t)=>(r,o)=>t(o)?o:V(r,e,o),$=e=>(t,r)=>{"object"==typeof r&&r&&!Array.isArray(r)||V(t,"an object",r);const o={
__proto__:null};for(const[s,n]of Object.entries(r)){const r=`${t}.${s}`,a=Object.keys(e).includes(s)&&e[s];if(!a){
const t=Object.keys(j).includes(s)&&j[s],o=Object.keys(e).find(e=>e.toLowerCase()===s.toLowerCase())
;V(r,t||o||`one of ${Object.keys(e).join(", ")}`,s,t&&`: renamed to ${t}`)}void 0!==n&&(o[s]=a(r,n))}return o
},w=(...e)=>O(e.map(e=>"string"==typeof e?`"${e}"`:e).join(" or "),t=>e.includes(t)),A=(e,t,r=()=>!0)=>O(e,e=>{try{
const o=new URL(e,t)
;return("string"==typeof e||e instanceof URL)&&""!==e&&/^https?:$/.test(o.protocol)&&!(o.username||o.password)&&r(o)
}catch{return!1}
}),S=/^[!#$%&'*+.^_`|~\w-]+$/,v=O("a string that is not empty",e=>"string"==typeof e&&""!==e),k=A("a path or an http(s) URL","http://localhost"),T=/^\{(access|refresh|clientId|credentials(\..+)?|cookie:.+)\}$/,L=e=>e.match(/\{[^}]*\}/g)??[],R=O("a string whose placeholders are {access}, {refresh}, {credentials}, {credentials.NAME}, {clientId} or {cookie:NAME}",e=>"string"==typeof e&&L(e).every(e=>T.test(e))),_=(e,t)=>(k(e,t),
L(String(t)).every(e=>"{clientId}"===e)?t:V(e,"a path with no placeholder but {clientId}",t)),I=e=>(t,r)=>$(Object.fromEntries(Object.keys(Object(r)).map(t=>[t,e])))(t,r),P=(e,t)=>{
for(const r of Object.keys(Object(t)))S.test(r)||V(e,"names of HTTP headers",r);return I(R)(e,t)
},x=(e,t)=>"string"==typeof t?R(e,t):"object"==typeof t&&t?I(x)(e,t):null===t||"boolean"==typeof t||Number.isFinite(t)?t:void V(e,"a string, a number, a boolean, null or an object",t),E=e=>(t,r)=>null===r?null:e(t,r),N=(e,t)=>Array.isArray(t)?t.map((t,r)=>v(`${e}[${r}]`,t)):V(e,"an array of strings",t),H=E((e,t)=>Array.isArray(t)?N(e,t):v(e,t)),U=$({
access:H,refresh:H,expiresIn(e,t){const r=H(e,t),o=[r].flat().find(e=>!/^(\S+( (s|ms|at))?|null)$/.test(String(e)))
;return void 0===o?r:V(e,"a place, which the unit s, ms or at may follow",o)},user:H,subject:H,step:H}),C=$({path:_,
method:O('an HTTP method, such as "POST"',e=>"string"==typeof e&&/^[A-Z]+$/.test(e)),as:w("json","form"),body:x,
headers:P,before:_,answer:U}),D=(e,t)=>{
const r=C(e,t),{as:o,body:s,method:n}=r,a="form"===o&&Object.entries(Object(s)).find(([,e])=>"object"==typeof e&&e)
;return a&&V(`${e}.body.${a[0]}`,"a string, a number or a boolean in a form",a[1]),
s&&/^(GET|HEAD)$/.test(n??"")&&V(`${e}.body`,`none with ${n}`,s),r},q=["login","refresh","logout","logoutAll"],M=$({
login:D,refresh:E(D),logout:E(D),logoutAll:E(D),calls(e,t){const r=I(D)(e,t)
;for(const t of Object.keys(r))q.includes(t)&&V(`${e}.${t}`,`a name that is not one of ${q.join(", ")}`,t);return r},
api:P,answer:U,user(e,t){return"id_token"===t?t:_(e,t)},over:N,notOver:N});function V(...e){
throw new m("INVALID_OPTIONS",((e,t,r,o="")=>`${e}: expected ${t}, got ${("string"==typeof r?JSON.stringify(r):"object"==typeof r&&r?"an "+(Array.isArray(r)?"array":"object"):String(r)).slice(0,80)}${o||""}`)(...e))
}function B(e,t){try{return void(e.server=M("server","string"==typeof t?(e=>{try{return d(e)}catch{return null}})(t):t))
}catch(e){const t=/^\w+: (.*?): expected (.*), got (.*)$/s.exec(e.message)?.slice(1)
;return t??["server","data that describes a server",`${e}`]}}export{B as setServer};
