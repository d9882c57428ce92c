import type { Parents, PhrasingContent, RootContent, TableRow } from 'mdast';
import { Fragment, type ReactNode } from 'react';
import type { Support } from '@/ipc';
import { t } from '../i18n';
import { tame } from '../text/tame';
import { CodeBlock } from './CodeBlock';
import { Formula } from './Formula';
import { ModelLink } from './ModelLink';
import { type Piece, plainText, squash } from './marks';

/**
 * What stands behind a mark `[n]`: its chip, told the squashed text that the block reads before it. `null` when there is no such
 * source, and the characters stay as they are.
 */
export type RenderCitation = (n: number, before: string) => ReactNode | null;

export interface Context {
  citation: RenderCitation;
  openLink: (href: string) => void;
  cuts: ReadonlyMap<unknown, Piece[]>;
  /** The end of what was drawn of this block, squashed: grows while it is drawn. */
  said: string;
}

/** Characters before a mark by which its sentence is told from others. */
const SAID = 64;

/** Deeper nesting than any reader follows is shown as text. */
const MAX_DEPTH = 24;
const MAX_COLUMNS = 40;
const WORD_JOINER = '\u2060';

function say(context: Context, text: string): void {
  context.said = (context.said + squash(text)).slice(-SAID);
}

/** Text with its marks drawn as chips. A chip stays on the line of the word before it and of the full stop after it. */
function withCitations(text: string, context: Context, key: string): ReactNode[] {
  const out: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(/(?:\s?\[\d{1,4}\])+/g)) {
    const before = text.slice(at, match.index);
    const follows = context.said !== '';
    say(context, before);
    const { said } = context;
    const marks = [...match[0].matchAll(/\s?\[(\d{1,4})\]/g)].map((mark) => {
      const chip = context.citation(Number(mark[1]), said);
      return chip === null ? mark[0] : <Fragment key={`${key}.${match.index}.${mark.index}`}>{chip}</Fragment>;
    });
    const end = match.index + match[0].length;
    if (marks.every((mark) => typeof mark === 'string')) {
      out.push(tame(before), match[0]);
      at = end;
      continue;
    }
    const word = /\S{1,24}$/u.exec(before)?.[0] ?? '';
    const after = /^[.,;:!?…)»”’"']+/.exec(text.slice(end))?.[0] ?? '';
    say(context, after);
    out.push(
      tame(before.slice(0, before.length - word.length)),
      <span key={`${key}.${match.index}`} className="with-chip">
        {word === '' && before === '' && follows ? WORD_JOINER : tame(word)}
        {marks}
        {tame(after)}
      </span>,
    );
    at = end + after.length;
  }
  const rest = text.slice(at);
  say(context, rest);
  out.push(tame(rest));
  return out;
}

function supportWords(support: Support): string {
  return support === 'weak' ? t('support.weak') : t('support.unsupported');
}

function SupportMark({ support }: { support: Support }) {
  const words = supportWords(support);
  return (
    <span className={`support-mark ${support}`} title={words}>
      <span aria-hidden>{support === 'weak' ? '≈' : '?'}</span>
      <span className="visually-hidden"> ({words})</span>
    </span>
  );
}

function text(node: { value: string }, context: Context, key: string): ReactNode {
  const pieces = context.cuts.get(node);
  if (!pieces) return <Fragment key={key}>{withCitations(node.value, context, key)}</Fragment>;
  return (
    <Fragment key={key}>
      {pieces.map((piece, index) => {
        const place = `${key}.${index}`;
        const content = withCitations(piece.text, context, place);
        if (!piece.support) return <Fragment key={place}>{content}</Fragment>;
        return (
          <Fragment key={place}>
            <span className={`doubtful ${piece.support}`} title={supportWords(piece.support)}>
              {content}
            </span>
            {piece.ends && piece.bare && <SupportMark support={piece.support} />}
          </Fragment>
        );
      })}
    </Fragment>
  );
}

function children(
  nodes: readonly (RootContent | PhrasingContent)[],
  context: Context,
  key: string,
  depth: number,
): ReactNode[] {
  return nodes.map((node, index) => render(node, context, `${key}.${index}`, depth + 1));
}

function row(
  node: TableRow,
  context: Context,
  key: string,
  head: boolean,
  align: readonly (string | null | undefined)[],
): ReactNode {
  const Cell = head ? 'th' : 'td';
  return (
    <tr key={key}>
      {node.children.slice(0, MAX_COLUMNS).map((cell, index) => (
        <Cell key={index} className={align[index] ? `align-${align[index]}` : undefined}>
          {children(cell.children, context, `${key}.${index}`, 0)}
        </Cell>
      ))}
    </tr>
  );
}

/** The first letter that a reader sees; what is empty has none. */
function firstLetter(nodes: Parents['children']): string | null {
  for (const node of nodes) {
    const found =
      'children' in node ? firstLetter(node.children) : 'value' in node ? /\p{L}/u.exec(node.value)?.[0] : null;
    if (found) return found;
  }
  return null;
}

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Bullets, columns and the bar of a quote stand on the side where their text begins: what is within tells its own direction already. */
function directionOf(node: Parents): { dir?: 'rtl' } {
  return RIGHT_TO_LEFT.test(firstLetter(node.children) ?? '') ? { dir: 'rtl' } : {};
}

/** Every kind of node that model text can hold, and nothing else. No branch writes an address, a style, an id or markup. */
export function render(node: RootContent | PhrasingContent, context: Context, key: string, depth: number): ReactNode {
  if (depth > MAX_DEPTH) return tame(plainText([node]));
  const inner = (): ReactNode[] =>
    'children' in node ? children(node.children as PhrasingContent[], context, key, depth) : [];
  switch (node.type) {
    case 'text':
      return text(node, context, key);
    case 'paragraph':
      return (
        <p key={key} dir="auto">
          {inner()}
        </p>
      );
    case 'heading': {
      // The page has its own outline: headings of an answer begin below it.
      const Heading = node.depth <= 1 ? 'h3' : node.depth === 2 ? 'h4' : 'h5';
      return (
        <Heading key={key} dir="auto">
          {inner()}
        </Heading>
      );
    }
    case 'emphasis':
      return <em key={key}>{inner()}</em>;
    case 'strong':
      return <strong key={key}>{inner()}</strong>;
    case 'delete':
      return <s key={key}>{inner()}</s>;
    case 'blockquote':
      return (
        <blockquote key={key} {...directionOf(node)}>
          {inner()}
        </blockquote>
      );
    case 'list':
      return node.ordered ? (
        <ol key={key} start={node.start ?? 1} {...directionOf(node)}>
          {inner()}
        </ol>
      ) : (
        <ul key={key} {...directionOf(node)}>
          {inner()}
        </ul>
      );
    case 'listItem':
      return <li key={key}>{inner()}</li>;
    case 'inlineCode':
      say(context, node.value);
      return <code key={key}>{tame(node.value)}</code>;
    case 'code':
      return <CodeBlock key={key} code={node.value} language={node.lang ?? ''} />;
    case 'math':
      return <Formula key={key} source={node.value} display />;
    case 'inlineMath':
      return <Formula key={key} source={node.value} display={false} />;
    case 'break':
      return <br key={key} />;
    case 'thematicBreak':
      return <hr key={key} />;
    case 'link':
      return (
        <ModelLink key={key} url={node.url} onOpen={context.openLink}>
          {inner()}
        </ModelLink>
      );
    case 'image':
      return (
        <span key={key} className="image-refused">
          [{t('markdown.image')}: {tame(node.alt ?? '')}]
        </span>
      );
    case 'table': {
      const [head, ...body] = node.children;
      const align = node.align ?? [];
      return (
        <section
          key={key}
          className="table-scroll"
          tabIndex={0}
          aria-label={t('markdown.table')}
          {...directionOf(node)}
        >
          <table>
            {head && <thead>{row(head, context, `${key}.h`, true, align)}</thead>}
            <tbody>{body.map((each, index) => row(each, context, `${key}.${index}`, false, align))}</tbody>
          </table>
        </section>
      );
    }
    default:
      return <Fragment key={key}>{tame(plainText([node]))}</Fragment>;
  }
}
