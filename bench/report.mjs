// Figures for people: a table in the terminal with ratios to Millrace, who wins where, and a page with plots.
import { writeFileSync } from 'node:fs'
import { machine } from './measure.mjs'

/** Times by case and engine, as ratios: below 1 Millrace is faster. */
export function compare(results) {
  const cases = [...new Set(results.map(r => r.case).filter(Boolean))]
  const engines = [...new Set(results.map(r => r.engine))]
  const find = (name, engine) => results.find(r => r.case === name && r.engine === engine && !r.error)
  const peers = engines.filter(e => e !== 'millrace').map(engine => {
    const ratios = cases.map(name => {
      const [ours, theirs] = [find(name, 'millrace'), find(name, engine)]
      return ours && theirs && theirs.equal ? ours.seconds.median / theirs.seconds.median : undefined
    })
    const known = ratios.filter(r => r !== undefined)
    const mean = known.length > 0 ? Math.exp(known.reduce((sum, r) => sum + Math.log(r), 0) / known.length) : undefined
    return { engine, ratios, mean, wins: cases.filter((_, i) => ratios[i] > 1) }
  })
  return { cases, engines, find, peers }
}

/** Prints times and ratios by case, then the geometric means, memory, and where a peer wins. */
export function printComparison(title, results) {
  const { cases, engines, find, peers } = compare(results)
  const { cpu, cores, node } = machine()
  const versions = engines.map(e => `${e} ${results.find(r => r.engine === e && r.version)?.version ?? ''}`.trim()).join(', ')
  console.log(`${title}\n${cpu}, ${cores} cores, Node ${node}; ${versions}`)
  const digits = value => (value === undefined ? '' : value.toPrecision(3))
  const header = ['case', ...engines.map(e => `${e} s`), ...peers.map(p => `: ${p.engine}`), 'results']
  const body = cases.map((name, i) => [
    name,
    ...engines.map(e => cell(results.find(r => r.case === name && r.engine === e), digits)),
    ...peers.map(p => digits(p.ratios[i])),
    String(find(name, 'millrace')?.results ?? ''),
  ])
  body.push(['mean', ...engines.map(() => ''), ...peers.map(p => digits(p.mean)), ''])
  const widths = header.map((h, i) => Math.max(h.length, ...body.map(row => row[i].length)))
  for (const row of [header, ...body]) console.log(row.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join('  '))
  const memory = engines.flatMap(e => {
    const peak = Math.max(...results.filter(r => r.engine === e && r.rssBytes).map(r => r.rssBytes))
    return Number.isFinite(peak) ? [`${e} ${(peak / 2 ** 20).toFixed(0)} MiB`] : []
  })
  console.log(`peak memory: ${memory.join(', ')}`)
  for (const p of peers) if (p.wins.length > 0) console.log(`${p.engine} is faster in ${p.wins.join(', ')}`)
  for (const r of results) {
    if (r.error) console.log(`${r.engine}${r.case ? `, ${r.case}` : ''}: ${r.error}`)
    if (r.equal === false) console.log(`${r.engine}, ${r.case}: its result differs (${r.checksum}), its time does not count`)
  }
}

function cell(result, digits) {
  if (!result) return ''
  if (result.error) return 'failed'
  return result.equal === false ? 'differs' : digits(result.seconds.median)
}

/** Writes a page: bars of the medians by case, with a whisker from the fastest run to the slowest, and the figures below. */
export function writePage(path, title, results) {
  const { cases, engines, peers } = compare(results)
  const colors = ['#2a6fdb', '#e0a100', '#c2452d', '#5b8a3a', '#7a52b3', '#555555']
  const plots = cases.map(name => plot(name, results.filter(r => r.case === name && r.seconds && r.equal !== false), engines, colors)).join('\n')
  const rows = results
    .map(r => `<tr><td>${[r.case, r.engine, r.version, r.workers, r.error ?? seconds(r.seconds), r.error ? '' : `${Math.round(r.rssBytes / 2 ** 20)}`, r.results, r.equal ?? ''].map(v => escape(String(v ?? ''))).join('</td><td>')}</td></tr>`)
    .join('\n')
  const means = peers.filter(p => p.mean !== undefined).map(p => `<li>${escape(p.engine)}: ${p.mean.toPrecision(3)}${p.wins.length > 0 ? `; it is faster in ${p.wins.join(', ')}` : ''}</li>`)
  const { cpu, cores, node } = machine()
  writeFileSync(
    path,
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222}h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;text-align:left;border-bottom:1px solid #ddd}svg{width:100%;height:auto}.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(26rem,1fr));gap:1rem}</style>
<h1>${escape(title)}</h1><p>${escape(cpu)}, ${cores} cores, Node ${node}. Medians; lines reach from the fastest run to the slowest. Results are equal where a bar is shown.</p>
<p>Geometric mean of Millrace's time over that of</p><ul>${means.join('')}</ul><div class="plots">${plots}</div>
<table><tr><th>case<th>engine<th>version<th>threads<th>seconds (fastest–slowest)<th>peak MiB<th>results<th>equal</tr>${rows}</table></html>\n`,
  )
}

function seconds({ median, min, max }) {
  return `${median.toPrecision(3)} (${min.toPrecision(3)}–${max.toPrecision(3)})`
}

function plot(name, results, engines, colors) {
  if (results.length === 0) return ''
  const longest = Math.max(...results.map(r => r.seconds.max))
  const x = value => 110 + (value / longest) * 260
  const bars = results
    .map((r, i) => {
      const y = 26 + i * 22
      const color = colors[engines.indexOf(r.engine) % colors.length]
      return `<text x="104" y="${y + 11}" text-anchor="end">${escape(r.engine)}</text><rect x="110" y="${y}" width="${(x(r.seconds.median) - 110).toFixed(1)}" height="15" fill="${color}"/><line x1="${x(r.seconds.min).toFixed(1)}" x2="${x(r.seconds.max).toFixed(1)}" y1="${y + 7.5}" y2="${y + 7.5}" stroke="#222"/><text x="${(x(r.seconds.max) + 5).toFixed(1)}" y="${y + 11}">${r.seconds.median.toPrecision(3)} s</text>`
    })
    .join('')
  return `<svg viewBox="0 0 440 ${32 + results.length * 22}" font-size="12" role="img" aria-label="${escape(name)}"><text x="0" y="14" font-weight="bold">${escape(name)}</text>${bars}</svg>`
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
