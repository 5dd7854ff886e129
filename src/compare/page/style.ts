/** The one stylesheet of the page. It names no address: nothing is loaded. */

/** Colours for light and dark. Each text on its ground has a contrast of at least 4.5, each mark of at least 3. */
const LIGHT = `--ground:#f7f7f5;--panel:#fff;--sunk:#f1f2f0;--ink:#1d2125;--quiet:#59616a;--line:#e1e3e1;--strong:#c3c8c9;--link:#1a56c4;
--ins:#dcf3e2;--ins-ink:#0e5529;--ins-line:#2f9653;--del:#fde5e3;--del-ink:#8f1d17;--del-line:#d0554c;--chg:#fdf0cc;--chg-ink:#6b4700;--chg-line:#b8860b;
--text:#2f6fd6;--thinking:#8b5fc7;--call:#b35600;--refusal:#c93b3b;--other:#4f7d7a;--now:#b06a00`
const DARK = `--ground:#131518;--panel:#1a1d21;--sunk:#22262b;--ink:#e3e6e9;--quiet:#9ca5ae;--line:#2c3137;--strong:#4a525b;--link:#8ab6ff;
--ins:#143522;--ins-ink:#a9e6bd;--ins-line:#3fa565;--del:#421c1a;--del-ink:#ffb8b1;--del-line:#d8645b;--chg:#3a2f10;--chg-ink:#f3d58a;--chg-line:#c79a2b;
--text:#6fa3f5;--thinking:#b594ea;--call:#eb9648;--refusal:#f07777;--other:#7fb3af;--now:#ffc53d`

export const STYLE: string = `:root{color-scheme:light dark;--sans:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;--mono:ui-monospace,"SF Mono",SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;--bar:2.75rem;${LIGHT}}
@media(prefers-color-scheme:dark){:root{${DARK}}}
:root[data-theme=light]{color-scheme:light;${LIGHT}}
:root[data-theme=dark]{color-scheme:dark;${DARK}}
*{box-sizing:border-box}
html{scroll-padding-top:calc(var(--bar) + 2.75rem);-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 var(--sans);font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:88rem;margin:0 auto;padding:1.5rem 1.5rem 3rem}
main:focus{outline:none}
h1,h2,h3,h4,p,ul,ol,dl,dd,figure,blockquote{margin:0;padding:0}
h1{font-size:1.65rem;line-height:1.25;font-weight:650;letter-spacing:-.012em}
h2{font-size:1.35rem;line-height:1.3;font-weight:650}
h3,h4{font-weight:650}
.part,.name{font-size:1.05rem}
.sub{font-size:.9rem}
section>.part{margin:2.25rem 0 .75rem}
a{color:var(--link);text-underline-offset:.15em}
code,kbd,.id,.raw,.json,.tool,.model bdi{font-family:var(--mono);font-size:.88em}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-99rem;top:0;z-index:9;background:var(--panel);padding:.5rem 1rem}
.skip:focus{left:.5rem;top:.5rem}
.over{color:var(--quiet);font-size:.8rem;letter-spacing:.02em;margin-bottom:.15rem}
.quiet,.none,.untold,.size,.key,figcaption,footer{color:var(--quiet)}
.untold{font-style:italic}
.esc{font-family:var(--mono);font-size:.8em;color:var(--chg-ink);background:var(--chg);border-radius:3px;padding:0 .15em;text-decoration:none}
.cut{color:var(--quiet);font-style:italic;font-size:.88em;font-family:var(--sans)}
.tag{font-size:.7rem;font-weight:500;color:var(--quiet);border:1px solid var(--strong);border-radius:99px;padding:.05rem .5rem;margin-left:.35rem;vertical-align:.1em;white-space:nowrap}
.sign{display:inline-block;min-width:1.05em;font-family:var(--sans);font-weight:700}
.good{color:var(--ins-ink)}.bad{color:var(--del-ink)}
.badge{display:inline-block;font-size:.8rem;border-radius:99px;padding:.05rem .6rem;background:var(--sunk);color:var(--quiet)}
.badge.good{background:var(--ins);color:var(--ins-ink)}.badge.bad{background:var(--del);color:var(--del-ink)}.badge.chg{background:var(--chg);color:var(--chg-ink)}
.badges{display:flex;flex-wrap:wrap;gap:.35rem;margin-top:.6rem}
.num{font-variant-numeric:tabular-nums;white-space:nowrap}

.top{position:sticky;top:0;z-index:5;display:flex;align-items:center;gap:1rem;min-height:var(--bar);padding:.25rem 1.5rem;background:var(--panel);border-bottom:1px solid var(--line)}
.top nav{display:flex;gap:1.1rem;font-size:.87rem;overflow-x:auto}
.top nav a{color:var(--ink);text-decoration:none;padding:.3rem 0;white-space:nowrap}
.top nav a:hover{text-decoration:underline}
.tools{display:flex;align-items:center;gap:.4rem;margin-left:auto}
.tools[hidden]{display:none}
.tools .where{font-size:.8rem;color:var(--quiet);margin-right:.3rem;white-space:nowrap}
button{font:inherit;font-size:.8rem;color:var(--ink);background:var(--sunk);border:1px solid var(--line);border-radius:6px;padding:.2rem .6rem;min-height:1.9rem;cursor:pointer;white-space:nowrap}
button:hover{border-color:var(--strong)}
kbd{font-size:.72rem;color:var(--quiet);border:1px solid var(--strong);border-radius:3px;padding:0 .25rem}

.prompt{margin-top:.75rem;padding:.5rem .9rem;border-left:3px solid var(--strong);color:var(--quiet);white-space:pre-wrap;max-width:60rem}
.lead{margin-top:.5rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:.75rem;margin-top:1.25rem}
.cards.two{grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
.card,.answers,.timeline,.anomalies,table{background:var(--panel);border:1px solid var(--line);border-radius:10px}
.card{padding:.8rem 1rem}
.card p{font-size:.88rem}
.card .model{margin-bottom:.3rem}

.differences{list-style:none;background:var(--panel);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.differences+.sub{margin-top:1rem}
.sub+.differences{margin-top:.35rem}
.differences li+li{border-top:1px solid var(--line)}
.differences a{display:grid;grid-template-columns:6rem minmax(0,1fr) auto;gap:.25rem 1rem;align-items:baseline;padding:.4rem 1rem;color:inherit;text-decoration:none;font-size:.9rem}
.differences a:hover{background:var(--sunk)}
.differences a:focus-visible{outline-offset:-2px}
.aspect{color:var(--chg-ink);font-weight:600}
.differences .where{color:var(--quiet);font-size:.82rem}
.plus{color:var(--ins-ink);font-weight:600}.minus{color:var(--del-ink);font-weight:600}

.key{font-size:.82rem;margin:-.4rem 0 .6rem}
.answers{overflow:clip}
.heads,.cells,.anomalies{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr)}
.few>.heads{position:sticky;top:var(--bar);z-index:3}
.heads{background:var(--panel);border-bottom:1px solid var(--strong);font-weight:650;font-size:.9rem}
.head,.cell{padding:.5rem 1rem;min-width:0}
.head+.head,.cell+.cell{border-left:1px solid var(--line)}
.head{display:flex;align-items:baseline;white-space:nowrap;overflow:hidden}
.head bdi{min-width:0;overflow:hidden;text-overflow:ellipsis}
.head .tag{flex:none;line-height:1.35}
.parts{display:flex}
.parts .start{min-width:2.5em;overflow:hidden;text-overflow:ellipsis;white-space:pre}.parts .end{flex:none;white-space:pre}
.message{padding:.5rem 1rem;background:var(--sunk);border-top:1px solid var(--line)}
.row+.row,.message+.row{border-top:1px solid var(--line)}
.rowhead{display:flex;gap:.5rem;align-items:baseline;padding:.15rem 1rem;background:var(--sunk);font-size:.76rem;color:var(--quiet)}
.kind::before{content:"";display:inline-block;width:.6em;height:.6em;border-radius:2px;margin-right:.4em;background:var(--other)}
.k-text .kind::before{background:var(--text)}.k-thinking .kind::before{background:var(--thinking)}.k-tool_call .kind::before{background:var(--call)}.k-refusal .kind::before{background:var(--refusal)}
.differs{color:var(--chg-ink);font-weight:600;margin-left:.35rem}
.row:target .rowhead,tr:target th,.anomalies .cell:target .sub{color:var(--ink);box-shadow:inset 3px 0 var(--now)}
.side{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.head,.cell,.card,.what,th,td,.prompt,h1,h2{overflow:clip}
.cell{position:relative;padding-top:.55rem;padding-bottom:.8rem}
.cell.absent{color:var(--quiet);background:repeating-linear-gradient(-45deg,transparent 0 6px,var(--sunk) 6px 8px);font-size:.88rem}
.cell.lone.del{box-shadow:inset 3px 0 var(--del-line)}.cell.lone.ins{box-shadow:inset 3px 0 var(--ins-line)}
.prose,.raw,.long{white-space:pre-wrap;unicode-bidi:plaintext}
.prose{max-width:48rem}
.raw,.long{background:var(--sunk);border-radius:6px;padding:.4rem .6rem;margin:.25rem 0}
ins,del{text-decoration-thickness:1.5px;text-underline-offset:.2em;border-radius:3px;padding:.05em 0;-webkit-box-decoration-break:clone;box-decoration-break:clone}
ins{background:var(--ins);color:var(--ins-ink);text-decoration:underline solid var(--ins-line) 1.5px}
del{background:var(--del);color:var(--del-ink);text-decoration:underline dotted var(--del-line) 2px}
del.gone{text-decoration:line-through;text-decoration-color:var(--del-line)}
.unlike ins,.unlike del{background:none;color:inherit;text-decoration-thickness:1px;padding:0}
.note{display:inline-block;font-size:.8rem;border-radius:6px;padding:.05rem .5rem;margin:.1rem .3rem .3rem 0;background:var(--sunk);color:var(--quiet)}
.note.ins{background:var(--ins);color:var(--ins-ink)}.note.del{background:var(--del);color:var(--del-ink)}.note.chg{background:var(--chg);color:var(--chg-ink)}
.now{outline:2px solid var(--now);outline-offset:1px}

details>summary{cursor:pointer}
.fold>summary{font-size:.86rem;color:var(--quiet);padding:.15rem 0;width:fit-content}
.thinking .prose{color:var(--quiet);border-left:3px solid var(--thinking);padding-left:.75rem;margin-top:.3rem;font-size:.93em}
.fold.chg>summary{color:var(--chg-ink)}
.call{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem .6rem;margin-bottom:.3rem}
.tool{font-weight:650;font-size:.95em;color:var(--call)}
.id{color:var(--quiet);font-size:.76rem}
.id.chg{color:var(--chg-ink)}
.json{list-style:none;line-height:1.6}
.json ul{list-style:none;padding-left:1.15rem;border-left:1px solid var(--line);margin-left:.3rem}
.json li{padding:0 .3rem;border-radius:4px}
.json summary{margin-left:-.3rem;padding-left:.3rem;width:fit-content}
.json summary::marker{color:var(--quiet);font-size:.8em}
.json .k{color:var(--ink);font-weight:600}
.json .at,.json .p{color:var(--quiet)}
.json .string{white-space:pre-wrap}
.json .number,.json .boolean,.json .null{color:var(--link)}
.json li.chg{background:var(--chg)}.json li.ins{background:var(--ins)}.json li.del{background:var(--del)}
.json li.chg>.sign{color:var(--chg-ink)}.json li.ins>.sign{color:var(--ins-ink)}.json li.del>.sign{color:var(--del-ink)}
.json li.chg :is(.size,.p,.at,.number,.boolean,.null),.json :is(li.ins,li.del) :is(.size,.p,.v){color:inherit}
.json .ghost,.ghost{color:var(--quiet);border:1px dashed var(--strong)}
.json .ghost .k{color:var(--quiet);font-weight:400}

.scroll{overflow-x:auto;max-width:100%;--to:#000;--from:#000}
.scroll.before{--from:#0003}.scroll.after{--to:#0003}
.scroll.before,.scroll.after{-webkit-mask:linear-gradient(90deg,var(--from),#000 3rem calc(100% - 3rem),var(--to));mask:linear-gradient(90deg,var(--from),#000 3rem calc(100% - 3rem),var(--to))}
.scroll::-webkit-scrollbar{height:.6rem}
.scroll::-webkit-scrollbar-thumb{background:var(--strong);border-radius:99px}
.scroll :is(ins,del,.d){scroll-margin-inline:3rem}
.scroll:has(>.few){overflow:visible}
.timeline{padding:.9rem 1rem 1rem}
.chart{display:block;overflow:visible;touch-action:pan-y}
.chart text{font:11.5px var(--sans);fill:var(--quiet)}
.chart .label{font-size:13px;font-weight:650;fill:var(--ink)}
.chart .lane{fill:var(--ink)}
.axis line{stroke:var(--line)}.axis .base{stroke:var(--strong)}
.chart line.first{stroke:var(--quiet);stroke-dasharray:2 3}
.chart line.end{stroke:var(--ink);stroke-width:1.5}
.silence line{stroke:var(--chg-line);stroke-width:1.5}
.chart .silence text{fill:var(--chg-ink);font-weight:600;paint-order:stroke;stroke:var(--panel);stroke-width:4px;stroke-linejoin:round}
.silence.wait line{stroke:var(--strong)}.chart .silence.wait text{fill:var(--quiet);font-weight:400}
.span{opacity:.55}
.t-text{fill:var(--text);stroke:var(--text)}.t-thinking{fill:var(--thinking);stroke:var(--thinking)}.t-tool_call{fill:var(--call);stroke:var(--call)}.t-refusal{fill:var(--refusal);stroke:var(--refusal)}.t-tool_result,.t-media,.t-other{fill:var(--other);stroke:var(--other)}
.chart path,.chart .lane{stroke:none}
.cross{stroke:var(--now);pointer-events:none}
.scrub{margin-top:.4rem}
.scrub[hidden]{display:none}
.scrub input{display:block;width:100%;margin:0;accent-color:var(--quiet);height:1.2rem}
.scrub output{display:block;font-size:.82rem;min-height:1.55em;color:var(--ink)}
figcaption{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.78rem;margin-top:.5rem}
.mark{display:inline-block;height:.8em;margin-right:.4em;vertical-align:-.05em}
.mark.bar{width:.3em;background:var(--text)}.mark.first{border-left:1.5px dotted var(--quiet)}.mark.end{border-left:2px solid var(--ink)}.mark.gap{width:1.2em;height:.45em;border:solid var(--chg-line);border-width:0 1.5px 1.5px}

table{border-collapse:separate;border-spacing:0;font-size:.88rem;min-width:100%}
th,td{text-align:left;vertical-align:top;padding:.32rem 1rem;font-weight:400}
tr>*{border-top:1px solid var(--line)}
thead tr>*{border-top:0;font-weight:650}
.numbers tbody th[scope=row]{color:var(--quiet);white-space:nowrap}.numbers th[scope=row]::first-letter{text-transform:uppercase}
.numbers tbody td{min-width:8rem}
.numbers .group th{font-weight:650;font-size:.78rem;color:var(--ink);background:var(--sunk);padding-top:.25rem;padding-bottom:.25rem}
td.chg{background:var(--chg);color:var(--chg-ink)}
td.chg :is(.apart,.good,.bad,.raw-word,.id,.untold){color:inherit}
.apart{color:var(--quiet);font-size:.86em;margin-left:.35rem;white-space:nowrap}
.raw-word{color:var(--quiet)}.raw-word::before{content:"“"}.raw-word::after{content:"”"}
.cases td,.cases thead th{white-space:nowrap}
.cases th[scope=row]{min-width:9rem}
.cases td.num{font-weight:650}
.part{margin-right:.6rem}

.anomalies ul{list-style:none}
.anomalies .cell{padding:.7rem 1rem}
.anomalies .sub{margin-bottom:.35rem}
.anomalies li{padding:.35rem .5rem;border-radius:6px;font-size:.88rem;margin:0 -.5rem}
.anomalies li.chg{background:var(--chg)}
.anomalies li.chg .size,.anomalies li.chg summary{color:inherit}
.case{margin-top:3rem;padding-top:1.5rem;border-top:2px solid var(--strong)}
.case .back{font-size:.82rem;font-weight:400;margin-left:.6rem}
.same{padding-left:1.2rem;columns:18rem;font-size:.9rem;margin-top:.5rem}
.same li{break-inside:avoid}
footer{max-width:88rem;margin:0 auto;padding:0 1.5rem 2rem;font-size:.8rem}

@media(min-width:46.01rem){.many,.many>.row,.many>.heads{min-width:min-content}.many>.heads,.many .cells{grid-auto-columns:minmax(15rem,1fr)}.many.anomalies{grid-auto-columns:minmax(13rem,1fr)}.numbers tbody th[scope=row]{position:sticky;left:0;background:var(--panel)}}
@media(max-width:60rem){.tools .word{display:none}}
@media(max-width:46rem){
html{scroll-padding-top:calc(var(--bar) + .75rem)}
body{font-size:16px}
main{padding:1rem .9rem 2rem}
h1{font-size:1.35rem}
.top{gap:.4rem;padding:.25rem .9rem}
.top nav{display:none}
.tools{margin-left:0;width:100%;flex-wrap:wrap}
.tools kbd{display:none}
.tools .where{margin-right:auto}
.heads{display:none}
.cells,.anomalies{grid-auto-flow:row}
.cell+.cell{border-left:0}
.cell{padding:.35rem .85rem .7rem}
.cells .cell+.cell{border-top:1px dashed var(--line)}
.anomalies .cell+.cell{border-top:1px solid var(--line)}
.side{position:static;width:auto;height:auto;clip-path:none;font-size:.76rem;font-weight:650;color:var(--quiet);margin-bottom:.15rem;white-space:normal}
.rowhead{padding:.2rem .85rem}
.differences a{grid-template-columns:minmax(0,1fr) auto;padding:.45rem .85rem}
.differences .what{grid-column:1/-1;grid-row:2}
.timeline{padding:.8rem .85rem}
th,td{padding:.35rem .6rem}
.numbers tbody th[scope=row]{white-space:normal;width:7rem;min-width:6.5rem}
.numbers td,.numbers thead th{min-width:7rem}
.numbers .apart{display:block;margin-left:0}
th .tag{margin-left:0}
.cases,.cases tbody,.cases tr,.cases th[scope=row]{display:block;width:100%}
.cases thead{display:none}
.cases tr{display:flex;flex-wrap:wrap;padding:.3rem 0}
.cases tr+tr{border-top:1px solid var(--line)}
.cases tr>*{border-top:0;padding-top:.1rem;padding-bottom:.1rem}
.cases td::before{content:attr(data-of) " ";color:var(--quiet);font-weight:400}
footer{padding:0 .9rem 1.5rem}
}
@media(prefers-reduced-motion:no-preference){button,.differences a{transition:background .12s,border-color .12s}}
@media(forced-colors:active){ins,del,.chg{border:1px solid}}
@media print{
:root{${LIGHT};color-scheme:light;--ground:#fff}
.top,.skip,.scrub,.back{display:none}
body{font-size:10pt}
main{padding:0;max-width:none}
.heads{position:static}
.row,.card,figure,tr{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`
