import { render as draw } from '@testing-library/react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { HOSTILE_LARGE, HOSTILE_MARKDOWN } from '@/ipc/mock/hostile';
import { dangersIn, prefixes } from '../testing/dangers';
import { targetOf } from './link';
import { Markdown } from './Markdown';
import { cutAtSentences, type SentenceMark } from './marks';
import { typeset } from './mathml';
import { GrowingMarkdown, parseMarkdown } from './parse';

const TAME = [
  '# Heading\n\nText with **bold**, *emphasis* and `code` [1].\n\nSecond paragraph [2].',
  'Setext\n======\n\n- a\n- b\n\n  still b\n\n- c\n\n1. one\n\n2. two\n\n2) other',
  '| a | b |\n|:--|--:|\n| 1 | 2 |\n| 3 | 4 |\n\nafter',
  'Inline $x^2$ and\n\n$$\n\\sum_{k=1}^n k\n$$\n\nend',
  '```rust\nfn main() {}\n```\n\n    indented\n\ntext',
  '> quote\n> more\n\nlazy\n> again\n\n---\n\n* * *\n\n~~gone~~',
  '1. one\n\n   para\n\n2. two\n   - nested\n\n     deep\n\nend [3](https://example.org)',
];

const ALL = [...TAME, ...HOSTILE_MARKDOWN].map((text, index) => [index, text] as const);

function render(text: string): string {
  return renderToStaticMarkup(
    <Markdown
      text={text}
      citation={(n) => (n <= 3 ? <button type="button">{n}</button> : null)}
      openLink={() => undefined}
    />,
  );
}

function shape(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === 'position' || key === 'start' ? undefined : inner));
}

describe('model text', () => {
  it.each(HOSTILE_MARKDOWN.map((text, index) => [index, text] as const))(
    'payload %i is harmless at every split point',
    (_, text) => {
      for (const prefix of prefixes(text)) {
        const found = dangersIn(render(prefix));
        if (found.length > 0) expect.fail(`${JSON.stringify(prefix)}: ${found.join(', ')}`);
      }
    },
  );

  it('has its bullets, columns and bars where its text begins', () => {
    for (const text of ['- بند\n- آخر', '1. בית', '> 42 اقتباس', '| مبلغ | a |\n|---|---|\n| 1 | 2 |'])
      expect(render(text)).toContain('dir="rtl"');
    for (const text of ['- a بند', '> quote', '| a | مبلغ |\n|---|---|', '- 1\n- 2'])
      expect(render(text)).not.toContain('dir="rtl"');
  });

  it('is harmless in any size', () => {
    for (const text of HOSTILE_LARGE) {
      // Their shapes are cut at every point above.
      for (let end = text.length; end > 0; end -= 211) expect(dangersIn(render(text.slice(0, end)))).toEqual([]);
    }
  });

  it('is looked at as a browser reads it', () => {
    for (const text of [...HOSTILE_MARKDOWN, ...HOSTILE_LARGE]) {
      const { body } = new DOMParser().parseFromString(render(text), 'text/html');
      expect(dangersIn(body.innerHTML)).toEqual([]);
      expect(body.querySelector('script, img, iframe, style, a')).toBeNull();
    }
    const bad = '<p><img src="x"><b onclick="y">z</b><svg></svg><svg class="lucide"></svg><!-- c -->\u202e</p>';
    expect(dangersIn(bad)).toEqual(['img', 'img[src]', 'b[onclick]', 'svg', 'declaration', 'bidirectional control']);
  });

  it('keeps raw HTML as the characters it is', () => {
    expect(render('<b>x</b> & <script>y</script>')).toContain(
      '&lt;b&gt;x&lt;/b&gt; &amp; &lt;script&gt;y&lt;/script&gt;',
    );
  });

  it('shows an image as words and a refused link as text', () => {
    const markup = render('![a cat](https://attacker.example/x.png) [go](javascript:alert(1))');
    expect(markup).toContain('a cat');
    expect(markup).not.toContain('attacker.example');
    expect(markup).toContain('link-refused');
  });

  it('turns known citation marks into chips and leaves the others alone', () => {
    const markup = render('One [1], two [9].');
    expect(markup).toContain('<button type="button">1</button>');
    expect(markup).toContain(' two [9].');
  });

  it('keeps chips on the line of the word before them and of the full stop after them', () => {
    const kept = (text: string) =>
      [...new DOMParser().parseFromString(render(text), 'text/html').querySelectorAll('.with-chip')].map(
        (element) => element.textContent,
      );
    expect(kept('The end of a month [1][2]. And **bold** [3], then.')).toEqual(['month12.', '\u20603,']);
    expect(kept(`${'x'.repeat(400)} [1]`)).toEqual([`${'x'.repeat(24)}1`]);
    expect(kept('No chip [9].')).toEqual([]);
  });

  it('tells a chip what stands before it', () => {
    const heard: string[] = [];
    renderToStaticMarkup(
      <Markdown
        text={'First **one** [1]. `code` two [1]\n\nThree [2].'}
        citation={(n, before) => {
          heard.push(`${n} ${before}`);
          return null;
        }}
        openLink={() => undefined}
      />,
    );
    expect(heard).toEqual(['1 Firstone', '1 Firstone.codetwo', '2 Three']);
  });
});

describe('reading in steps', () => {
  it.each(ALL)('gives what reading the whole gives, text %i', (_, text) => {
    const growing = new GrowingMarkdown();
    for (const prefix of prefixes(text)) {
      if (shape(growing.update(prefix)) !== shape(parseMarkdown(prefix))) expect.fail(JSON.stringify(prefix));
    }
  });

  it.each(ALL)('ends as the whole wherever it was split, text %i', (_, text) => {
    const whole = shape(parseMarkdown(text));
    for (const prefix of prefixes(text)) {
      const growing = new GrowingMarkdown();
      growing.update(prefix);
      if (shape(growing.update(text)) !== whole) expect.fail(JSON.stringify(prefix));
    }
  });

  it.each(ALL)('is drawn as the whole however it came, text %i', (_, text) => {
    const view = (value: string) => <Markdown text={value} citation={() => null} openLink={() => undefined} />;
    const settled = draw(view(text));
    const whole = settled.container.innerHTML;
    settled.unmount();
    for (const size of [1, 7, 64]) {
      const growing = draw(view(''));
      const step = Math.max(size, Math.ceil(text.length / 150));
      for (let end = step; end < text.length + step; end += step) growing.rerender(view(text.slice(0, end)));
      expect(growing.container.innerHTML).toBe(whole);
      growing.unmount();
    }
  });

  it('keeps finished blocks as they are', () => {
    const growing = new GrowingMarkdown();
    const first = growing.update('one\n\ntwo\n\nthree\n\nfour')[0];
    expect(growing.update('one\n\ntwo\n\nthree\n\nfour and more')[0]).toBe(first);
  });

  it('starts again when the text is another', () => {
    const growing = new GrowingMarkdown();
    growing.update('one\n\ntwo');
    expect(growing.update('uno')).toHaveLength(1);
  });
});

describe('links', () => {
  it.each([
    'javascript:x',
    'JAVASCRIPT:x',
    'data:text/html,x',
    'smb://h/s',
    'file:///etc/passwd',
    'vbscript:x',
    '//host/x',
    '/x',
    'ftp://h/x',
    'https://user:secret@bank.example/',
    'java\nscript:x',
    '',
  ])('refuses %j', (url) => {
    expect(targetOf(url)).toBeNull();
  });

  it('shows the true host, look-alikes in ASCII', () => {
    expect(targetOf('https://bаnk.example/x')?.place).toBe('xn--bnk-6cd.example');
    expect(targetOf('mailto:a@b.example')?.place).toBe('a@b.example');
  });
});

describe('sentences', () => {
  const cut = (text: string, sentence: string) => {
    const block = parseMarkdown(text)[0];
    if (!block) throw new Error('no block');
    return [...cutAtSentences(block.node, [{ n: 1, sentence, support: 'unsupported' }]).values()].flat();
  };

  it('marks a sentence across emphasis and citation marks, and ends it once', () => {
    const pieces = cut('First one. The fee is **two** rents [2]. Last one.', 'The fee is **two** rents [2].');
    expect(pieces.filter((piece) => piece.support).map((piece) => piece.text)).toEqual(
      ['The fee is ', 'two', 'rents [2].'].map((text, index) => (index === 0 ? 'The fee is' : text)),
    );
    expect(pieces.filter((piece) => piece.ends)).toHaveLength(1);
  });

  it('has a mark of its own where no chip says what the check says', () => {
    const marks = (n: number) => {
      const sentences = [{ n, sentence: 'The fee is **two** rents.', support: 'unsupported' as const }];
      const markup = renderToStaticMarkup(
        <Markdown
          text="First. The fee is **two** rents [1]."
          citation={() => <b>1</b>}
          openLink={() => undefined}
          sentences={sentences}
        />,
      );
      return [markup.includes('doubtful unsupported'), markup.includes('support-mark')];
    };
    expect(marks(1)).toEqual([true, false]);
    expect(marks(0)).toEqual([true, true]);
  });

  it('marks nothing when the sentence is not there', () => {
    expect(cut('Something else entirely.', 'The fee is two rents.')).toEqual([]);
  });
});

describe('an answer that grows', () => {
  const openLink = (): undefined => undefined;

  /** How many chips are drawn while so many paragraphs, each with a sentence and its citation, are written word by word. */
  const drawn = (paragraphs: number): number => {
    let chips = 0;
    const citation = (n: number) => {
      chips += 1;
      return <b>{n}</b>;
    };
    const sentences: SentenceMark[] = [];
    const show = (text: string) => (
      <Markdown text={text} citation={citation} openLink={openLink} sentences={[...sentences]} />
    );
    const view = draw(show(''));
    let text = '';
    for (let at = 0; at < paragraphs; at++) {
      for (const word of ['Sentence ', `number ${at} `, 'is written ', '[1].', '\n\n']) {
        text += word;
        view.rerender(show(text));
      }
      sentences.push({
        n: 1,
        sentence: `Sentence number ${at} is written.`,
        support: at % 3 === 0 ? 'weak' : 'supported',
      });
      view.rerender(show(text));
    }
    expect(view.container.querySelectorAll('.doubtful')).toHaveLength(Math.ceil(paragraphs / 3));
    view.unmount();
    return chips;
  };

  it('costs the same a word however long it has become', () => {
    const [short, long] = [drawn(20), drawn(80)];
    expect(long / short).toBeLessThan(4.2);
  });

  it('shows the chip of a number that is told after its paragraph was written', () => {
    let known = false;
    const citation = (n: number) => (known ? <b>{n}</b> : null);
    const show = (sentences: readonly SentenceMark[]) => (
      <Markdown text={'Early [2].\n\nMiddle.\n\nLast.'} citation={citation} openLink={openLink} sentences={sentences} />
    );
    const view = draw(show([]));
    expect(view.container.querySelector('b')).toBeNull();
    known = true;
    view.rerender(show([{ n: 2, sentence: 'Not in this text at all.', support: 'supported' }]));
    expect(view.container.querySelector('b')?.textContent).toBe('2');
  });
});

describe('mathematics', () => {
  it('is MathML without addresses, styles or identity', async () => {
    for (const source of [
      '\\frac{a}{b}',
      '\\href{javascript:x}{y}',
      '\\htmlId{root}{y}',
      '\\def\\a{\\a\\a}\\a',
      '\\color{red}{x}',
    ]) {
      const markup = renderToStaticMarkup(await typeset(source, true));
      expect(dangersIn(markup)).toEqual([]);
    }
    expect(renderToStaticMarkup(await typeset('\\frac{a}{b}', false))).toContain('<mfrac>');
  });

  it('gives up on what is too long', async () => {
    expect(await typeset('x'.repeat(5000), false)).toBeNull();
  });
});
