// How many cells of a terminal a text takes. Method: Unicode TR 11 (East Asian Width) by ranges, coarse but never too small for common scripts.

// Half-open ranges of code points that take two cells: Hangul Jamo, CJK, kana, Hangul, full-width forms, emoji.
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x1160],
  [0x231a, 0x231c],
  [0x23e9, 0x23ed],
  [0x25fd, 0x25ff],
  [0x2614, 0x2616],
  [0x2648, 0x2654],
  [0x26a1, 0x26a2],
  [0x26bd, 0x26bf],
  [0x2705, 0x2706],
  [0x270a, 0x270c],
  [0x2728, 0x2729],
  [0x274c, 0x274d],
  [0x2753, 0x2756],
  [0x2795, 0x2798],
  [0x2e80, 0x303f],
  [0x3041, 0x3248],
  [0x3250, 0x4dc0],
  [0x4e00, 0xa4d0],
  [0xa960, 0xa980],
  [0xac00, 0xd7a4],
  [0xf900, 0xfb00],
  [0xfe30, 0xfe70],
  [0xff00, 0xff61],
  [0xffe0, 0xffe7],
  [0x1f300, 0x1f650],
  [0x1f680, 0x1f700],
  [0x1f900, 0x1fa00],
  [0x1fa70, 0x1fb00],
  [0x20000, 0x3fffe],
]

/** Cells that a text takes: 2 for wide characters, 0 for combining marks and joiners, else 1. Control characters are counted as 1; see `printable`. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** `text` cut to at most `widthMax` cells, the last of them an ellipsis where something was cut. `widthMax` ≥ 1. */
export function fitWidth(text: string, widthMax: number): string {
  let width = 0
  let kept = ''
  for (const character of text) {
    const next = width + characterWidth(character)
    if (next > widthMax - 1 && textWidth(text) > widthMax) return `${kept}…`
    kept += character
    width = next
  }
  return kept
}

/** `text` with line breaks, tabs and other control characters (terminal escapes among them) shown as escapes, so that data can't move the cursor. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    character => named[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function characterWidth(character: string): number {
  const code = character.codePointAt(0)!
  if (code < 0x300) return 1
  if (/\p{Mark}|\p{Default_Ignorable_Code_Point}/u.test(character)) return 0
  return wide.some(([start, end]) => code >= start && code < end) ? 2 : 1
}
