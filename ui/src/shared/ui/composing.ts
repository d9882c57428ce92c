/** Enter and Escape that end a composition (Chinese, Japanese, accents) belong to it. WebKit ends it before the key is told, as key 229. */
export function isComposing({ nativeEvent }: { nativeEvent: Pick<KeyboardEvent, 'isComposing' | 'keyCode'> }): boolean {
  return nativeEvent.isComposing || nativeEvent.keyCode === 229;
}
