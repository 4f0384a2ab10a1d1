// Style, graph and program are compressed, and written in 91 letters: see `packed` in page_files.py.

/** The text of a packed element. @param {string} id @returns {Promise<string>} */
export const unpack = async id => {
  const packed = document.getElementById(id)?.textContent ?? "";
  const digit = (/** @type {number} */ i) => {
    const c = packed.charCodeAt(i);
    return c - 33 - Number(c > 60) - Number(c > 92) - Number(c > 123);
  };
  const bytes = [];
  let [known, bits] = [0, 0];
  for (let i = 0; i < packed.length; i += 2) {
    const pair = i + 1 < packed.length;
    known |= (pair ? digit(i) * 91 + digit(i + 1) : digit(i)) << bits;
    bits = pair ? bits + 13 : 8;
    for (; bits > 7; bits -= 8, known >>= 8) bytes.push(known & 255);
  }
  const stream = new Blob([new Uint8Array(bytes)]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream("deflate-raw"))).text();
};
