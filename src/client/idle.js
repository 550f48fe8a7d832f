// Generated from js/rust/idle.ts by `npm run build:platform`.
var i=i=>({read(t){try{return globalThis[i].getItem(t)}catch{return}},write(t,e){try{
e?globalThis[i].setItem(t,e):globalThis[i].removeItem(t)}catch{}}}),t=i("localStorage"),e=(i("sessionStorage"),class{#i
;#t;intervalMs;#e=0;#s=0;#n=Number.NEGATIVE_INFINITY;#r=!1;#a;#h=!1;constructor({timeoutMs:i,warningMs:t},e){this.#i=i,
this.#t=t,this.intervalMs=Math.min(1e4,i/20),this.#a=e}isOver(i,t=0){return this.#e>0&&i-this.#e>=this.#i-t}handle(i,t){
if(this.#e>t+this.intervalMs&&(this.#e=t),"hidden"!==i&&"visible"!==i||(this.#a="visible"===i),
"new-sign-in"===i)return this.#r=!0,this.#o(t,!0);if("signed-in"===i&&!this.#r&&(this.#r=!0,
this.#a||0===this.#e))return this.#o(t,!0);if("signed-out"===i){const i=this.#h;return this.#r=this.#h=!1,i?{
endWarning:i}:{}}return"object"==typeof i&&this.#l(i.activeAt,t),this.#r?t-this.#e>=this.#i?(this.#r=!1,{signOut:!0
}):"activity"===i?this.#o(t,this.#h):{..."hidden"===i&&this.#s>this.#n?this.#c(this.#s):{},...this.#d(t),...this.#u(t)
}:{}}#o(i,t){return this.#e=this.#s=i,{...(t||i-this.#n>=this.intervalMs||i<this.#n)&&this.#c(i),...this.#d(i),
...this.#u(i)}}#c(i){return this.#n=i,{publish:i}}#l(i,t){
i<=t+this.intervalMs&&(this.#e=Math.max(this.#e,i+this.intervalMs))}#d(i){const t=this.#a&&i-this.#e>=this.#i-this.#t
;return this.#h&&i-this.#e<this.#i-this.#t?(this.#h=!1,{endWarning:!0}):this.#h||!t||0===this.#t?{}:(this.#h=!0,{
warn:this.#e+this.#i})}#u(i){if(!this.#a)return{};const t=this.#e+this.#i-(this.#h?0:this.#t);return{
timerMs:Math.min(Math.max(t-i,0),36e5)}}
}),s=["pointerdown","pointermove","keydown","wheel","touchstart","touchmove"],n=["visibilitychange","pageshow","pagehide","resume","focus"]
;function r(i,r,a){if(i.idleTimeoutSeconds&&globalThis.document)return((i,r,a)=>{
const{idleTimeoutSeconds:h=0,crossTab:o=!0}=r,l=1e3*h,c=1e3*(r.idleWarningSeconds??Math.min(60,h/2)),d=new e({
timeoutMs:l,warningMs:c
},"hidden"!==document.visibilityState),u=`tokenward:v1:${i.settings.name}`,v=`${u}:active-at`,g=()=>t.read(`${u}:sign-in-key`)??""
;let m=g();const b=new AbortController;let w;function M(e){
const{publish:s,endWarning:n,warn:r,signOut:h,timerMs:l}=d.handle(e,Date.now());void 0!==s&&o&&t.write(v,`${s} ${g()}`),
n&&a("idle-warning-ended",{}),void 0!==r&&a("idle-warning",{signOutAt:r}),clearTimeout(w),
h?i.logout("session").catch(()=>{}):void 0!==l&&(w=setTimeout(M,l,"timer"))}function p(){
const[,i,e]=/^(\d+) (.*)$/s.exec(o&&t.read(v)||"")??[];e===g()&&Number(i)>0&&M({activeAt:Number(i)})}
function A({type:i}){const t="hidden"===document.visibilityState||"pagehide"===i;t||p(),M(t?"hidden":"visible")}
function f(i){const{movementX:t=1,movementY:e=1}=i;i.isTrusted&&("pointermove"!==i.type||0!==t||0!==e)&&I()}
function I(){p(),M("activity")}const{signal:y}=b;for(const i of s)addEventListener(i,f,{signal:y,capture:!0,passive:!0})
;for(const i of n)addEventListener(i,A,{signal:y,capture:!0});function S(i){if(i){const i=g()
;M(i===m?"signed-in":"new-sign-in"),m=i}else!1===i&&(M("signed-out"),t.write(v,void 0))}
return addEventListener("storage",i=>i.key===v&&p(),{signal:y}),{start(e,s){s&&t.write(v,void 0),p(),
!1!==e&&d.isOver(Date.now())?i.logout("session").catch(()=>{}):S(e)},isOver:()=>d.isOver(Date.now(),2*d.intervalMs),
stayActive:I,setSignedIn:S,stop(){b.abort(),clearTimeout(w)}}})({settings:r,async logout(){return a.logout()}
},i,(i,t)=>{"idle-warning"===i?a.onWarning(t.signOutAt):a.onWarningEnded()})}export{r as watchIdle};
