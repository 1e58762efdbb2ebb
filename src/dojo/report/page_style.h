// The look of the report: a style sheet for light and dark, wide and narrow, and a few lines of
// script without which the page reads as well: values under the pointer in charts, and flicker
// between two pictures.
#pragma once

namespace dojo::report {

inline constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--page:#f7f7f5;--card:#fff;--text:#1d2126;--soft:#5c6570;--rule:#dfe2e5;--grid:#e8eaec;
--network:#0f6fd1;--copy:#8a8f98;--flow:#d9730d;--good:#16794a;--bad:#b42318;--warn:#fff4dc;--warn-rule:#e8c36a;--chip:#eceff2}
@media(prefers-color-scheme:dark){:root{--page:#14171a;--card:#1d2125;--text:#e6e8ea;--soft:#9aa4ae;--rule:#343a40;--grid:#2b3036;
--network:#5aa9ff;--copy:#8f97a0;--flow:#ff9d42;--good:#4cc38a;--bad:#ff7b6e;--warn:#3a3016;--warn-rule:#7a6425;--chip:#2b3036}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:26px;margin:0;overflow-wrap:anywhere;line-height:1.25}
h2{font-size:19px;margin:38px 0 12px}
h3{font-size:15px;margin:0 0 8px;overflow-wrap:anywhere;font-weight:600}
p{margin:8px 0}
.soft{color:var(--soft)}
.small{font-size:14px}
.badge{display:inline-block;padding:1px 10px;border-radius:12px;font-size:13px;background:var(--chip);vertical-align:3px;margin-left:8px;white-space:nowrap}
.badge.good{background:var(--good);color:var(--card)}
.badge.bad{background:var(--bad);color:var(--card)}
.headline{font-size:20px;line-height:1.4;margin:16px 0 18px;max-width:52em}
.headline b.good,td.good{color:var(--good)}
.headline b.bad,td.bad{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px}
.tile,.chart,.sample,.box{background:var(--card);border:1px solid var(--rule);border-radius:8px}
.tile{padding:10px 14px}
.tile b{display:block;font-size:22px;font-weight:600;line-height:1.3}
.tile span{font-size:13px;color:var(--soft);line-height:1.3;display:block}
.box{padding:12px 16px}
.box.warn{background:var(--warn);border-color:var(--warn-rule);margin:16px 0}
.box.warn ul{margin:4px 0;padding-left:20px;overflow-wrap:anywhere}
.below{margin-top:14px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:14px}
.chart{margin:0;padding:12px 12px 8px;min-width:0;position:relative}
.chart figcaption{font-weight:600;font-size:15px;margin-bottom:4px}
.chart svg{display:block;width:100%;height:auto;overflow:visible}
.chart text{font-size:11.5px;fill:var(--soft)}
.chart .end{text-anchor:end}
.chart .middle{text-anchor:middle}
.chart .label{font-size:12px}
.grid{stroke:var(--grid);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.line-network{stroke:var(--network)}.line-copy{stroke:var(--copy);stroke-dasharray:6 4}.line-flow{stroke:var(--flow);stroke-dasharray:2 3}.line-plain{stroke:var(--network);stroke-width:1.5}
.dot-network{fill:var(--network)}.dot-copy{fill:var(--copy)}.dot-flow{fill:var(--flow)}.dot-plain{fill:var(--network)}
.legend{font-size:13px;color:var(--soft);display:flex;flex-wrap:wrap;gap:2px 16px;padding-left:8px}
.key{display:inline-block;width:18px;height:0;border-top:3px solid;vertical-align:4px;margin-right:6px}
.key-network,.key-plain{color:var(--network)}.key-copy{color:var(--copy);border-top-style:dashed}.key-flow{color:var(--flow);border-top-style:dotted}
.tip{position:absolute;pointer-events:none;background:var(--text);color:var(--card);font-size:12px;padding:3px 8px;border-radius:4px;white-space:nowrap;display:none;z-index:1}
.scroll{overflow-x:auto}
table{border-collapse:collapse;background:var(--card);border:1px solid var(--rule);border-radius:8px;font-variant-numeric:tabular-nums;font-size:15px;width:100%}
th,td{padding:6px 12px;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
tr:last-child td{border-bottom:0}
th{font-weight:600;color:var(--soft);font-size:13px;vertical-align:bottom;white-space:normal}
th:first-child,td:first-child,.left th,.left td{text-align:left}
td.name{white-space:normal;overflow-wrap:anywhere;min-width:9em}
.left td{white-space:normal;overflow-wrap:anywhere;vertical-align:top}
.sample{padding:12px 14px;margin-bottom:14px}
.frames{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:10px}
.frames figure{margin:0;min-width:0}
.frames img{display:block;width:100%;height:auto;border-radius:4px;background:#000}
.frames figcaption{font-size:13px;color:var(--soft);padding-top:2px}
.scale{display:inline-block;width:120px;height:10px;border-radius:3px;vertical-align:-1px;margin:0 6px;border:1px solid var(--rule)}
button{font:inherit;font-size:13px;color:var(--text);background:var(--chip);border:1px solid var(--rule);border-radius:6px;padding:2px 10px;cursor:pointer;margin-top:8px}
.bar{display:flex;height:22px;border-radius:5px;overflow:hidden;background:var(--chip);margin:10px 0 6px}
.bar i{display:block;height:100%}
.c0{background:var(--network)}.c1{background:var(--bad)}.c2{background:var(--flow)}.c3{background:var(--copy)}
.legend .swatch{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px}
pre{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:12px 14px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;font-size:14px;margin:8px 0}
details{margin-top:10px}
summary{cursor:pointer;color:var(--soft)}
details>.sample:first-of-type{margin-top:14px}
footer{margin-top:44px;color:var(--soft);font-size:13px}
@media(max-width:560px){main{padding:16px 12px 40px}.headline{font-size:17px}h1{font-size:22px}th,td{padding:5px 8px}table{font-size:14px}.chart text,.chart .label{font-size:13px}.tiles{grid-template-columns:1fr 1fr}.tile b{font-size:19px}
.frames{grid-template-columns:1fr 1fr}.frames figure{order:1}.frames .truth,.frames .prediction{order:0;grid-column:1/-1}}
@media print{button,.tip{display:none}}
)css";

inline constexpr const char* kScript = R"js(
document.querySelectorAll('.chart').forEach(c=>{const s=c.querySelector('svg'),t=document.createElement('div');t.className='tip';c.append(t);
const l=[...s.querySelectorAll('[data-points]')].map(p=>[p.dataset.name,p.dataset.points.split(',').map(q=>q.split(' ').map(Number))]);
s.onmousemove=e=>{const r=s.getBoundingClientRect(),x=(e.clientX-r.left)*s.viewBox.baseVal.width/r.width;let a='';
for(const[n,p]of l){const q=p.reduce((b,v)=>Math.abs(v[0]-x)<Math.abs(b[0]-x)?v:b);if(!a)a='x = '+q[2];a+=' · '+n+' '+q[3]}
t.textContent=a;t.style.display='block';const w=c.getBoundingClientRect(),o=e.clientX-w.left;t.style.top=(e.clientY-w.top-34)+'px';
t.style.left=Math.max(0,Math.min(o-t.offsetWidth/2,w.width-t.offsetWidth))+'px'};s.onmouseleave=()=>t.style.display='none'});
document.querySelectorAll('.sample').forEach(c=>{const i=k=>c.querySelector('img[data-kind='+k+']'),p=i('prediction'),t=i('truth');if(!p||!t)return;
const b=document.createElement('button');b.textContent='Flicker prediction and truth';const d=p.parentNode.querySelector('figcaption'),w=d.textContent,own=p.src;let h=0;
b.onclick=()=>{if(h){clearInterval(h);h=0;p.src=own;d.textContent=w;b.textContent='Flicker prediction and truth';return}
let k=0;b.textContent='Stop';p.scrollIntoView({block:'nearest',inline:'center'});h=setInterval(()=>{k=!k;p.src=k?t.src:own;d.textContent=k?'Truth':w},600)};c.append(b)});
)js";

}  // namespace dojo::report
