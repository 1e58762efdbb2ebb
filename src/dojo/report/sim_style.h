// What pages of simulated runs have in addition to page_style.h: maps of which one is chosen by a
// button, and lanes of a timeline. Without scripts all of it can be read but the value under the
// pointer.
#pragma once

namespace dojo::report {

inline constexpr const char* kSimStyle = R"css(
.pick>input{position:absolute;opacity:0;pointer-events:none}
.pick>label{display:inline-block;font-size:13px;background:var(--chip);border:1px solid var(--rule);border-radius:6px;padding:2px 10px;margin:0 6px 6px 0;cursor:pointer}
.pick>input:checked+label{background:var(--network);border-color:var(--network);color:var(--card)}
.pick>input:focus-visible+label{outline:2px solid var(--text);outline-offset:1px}
.stage{position:relative;margin:8px auto 0;width:100%;max-width:760px;max-height:80vh;background:var(--chip);border-radius:4px;overflow:hidden}
.stage img{display:none;position:absolute;inset:0;width:100%;height:100%}
.stage img.nodes{image-rendering:pixelated}
.stage svg{position:absolute;inset:0;width:100%;height:100%;pointer-events:none}
.stage .part{fill:none;stroke:var(--card);stroke-width:2;vector-effect:non-scaling-stroke}
.stage .wide{stroke-width:4}
.stage .dead{fill:#c0392b}
b.dead{color:#c0392b}
.says p{display:none;margin:10px 0 0}
.heat{display:inline-block;width:140px;height:10px;border-radius:3px;vertical-align:-1px;margin:0 6px;background:linear-gradient(90deg,#440154,#482878,#3e4989,#31688e,#26828e,#1f9e89,#35b779,#6ece58,#b5de2b,#fde725)}
.pick .tip{white-space:nowrap}
.lanes h3{margin:16px 0 6px}
.lane{display:grid;grid-template-columns:minmax(0,200px) minmax(0,1fr);gap:2px 12px;align-items:center;margin:4px 0}
.lane>span{font-size:13px;color:var(--soft);overflow-wrap:anywhere;line-height:1.25}
.lane img{display:block;width:100%;height:28px;background:var(--chip);image-rendering:pixelated;border-radius:3px}
.lane.tall img{height:96px}
.axis div{display:flex;justify-content:space-between}
.axis b{font-weight:400}
.lanes .legend{padding:0 0 8px}
.reasons td.share{width:120px;min-width:60px;padding-left:0}
.share i{display:block;height:10px;border-radius:3px;min-width:1px}
.reasons th:first-child,.reasons td:first-child{min-width:7.5em}
.reasons td:last-child,.reasons th:last-child{text-align:left}
h2+h3,.box+h3{margin-top:18px}
@media(max-width:560px){.lane{grid-template-columns:1fr}.reasons td.share{min-width:40px}.axis>span{display:none}}
)css";

// How many maps of one machine kSimStyle can show: a rule for each (sim_page.cc).
inline constexpr int kMostMaps = 24;

inline constexpr const char* kSimScript = R"js(
document.querySelectorAll('.stage').forEach(s=>{const t=document.createElement('div');t.className='tip';s.parentNode.style.position='relative';s.parentNode.append(t);
const d=s.dataset,A=+d.across,D=+d.down,E=+d.each,bytes=new Map;
const show=e=>{const i=[...s.querySelectorAll('img')].find(g=>getComputedStyle(g).display!='none');if(!i)return;
if(!bytes.has(i))bytes.set(i,Uint8Array.from(atob(i.dataset.levels),c=>c.charCodeAt(0)));
const r=s.getBoundingClientRect(),u=(e.clientX-r.left)/r.width*A,v=(e.clientY-r.top)/r.height*D,x=Math.floor(u),y=Math.floor(v);
if(x<0||y<0||x>=A||y>=D)return hide();let k=y*A+x,side='';
if(E>1){const a=u-x-.5,b=v-y-.5,f=Math.abs(a)>Math.abs(b)?(a>0?0:1):(b>0?2:3);k=k*4+f;side=', '+['east','west','south','north'][f]}
const l=bytes.get(i)[k],n=l<250?Number((l/249*i.dataset.most).toPrecision(3)).toLocaleString('en')+' '+i.dataset.unit:l==254?'disabled':d.nothing;
t.textContent=d.place+' ('+x+', '+y+')'+side+': '+n;t.style.display='block';const w=s.parentNode.getBoundingClientRect();
t.style.top=(e.clientY-w.top-34)+'px';t.style.left=Math.max(0,Math.min(e.clientX-w.left-t.offsetWidth/2,w.width-t.offsetWidth))+'px'};
const hide=()=>t.style.display='none';s.onpointermove=show;s.onpointerdown=show;s.onpointerleave=hide});
)js";

}  // namespace dojo::report
