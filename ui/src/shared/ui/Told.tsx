import { toldWords } from '../i18n/told';
import { Words } from './Words';

/** What the engine told in a sentence without a code. One that the person's language has no words for stands in English, and says so. */
export function Told({ text }: { text: string }) {
  const words = toldWords(text);
  if (words !== null) return <Words text={words} />;
  return (
    <span lang="en">
      <Words text={text} />
    </span>
  );
}
