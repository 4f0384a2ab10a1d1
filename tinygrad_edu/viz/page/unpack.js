// Style, graph and program are compressed, and written in 91 characters: see viz/page_files.py of tinygrad_edu.
const unpack = async id => {
  const packed = document.getElementById(id).textContent;
  const digit = i => {
    const c = packed.charCodeAt(i);
    return c - 33 - (c > 60) - (c > 92) - (c > 123);
  };
  const bytes = [];
  let known = 0, bits = 0;
  for (let i = 0; i < packed.length; i += 2) {
    const pair = i + 1 < packed.length;
    known |= (pair ? digit(i) * 91 + digit(i + 1) : digit(i)) << bits;
    bits = pair ? bits + 13 : 8;
    for (; bits > 7; bits -= 8, known >>= 8) bytes.push(known & 255);
  }
  const stream = new Blob([new Uint8Array(bytes)]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream("deflate-raw"))).text();
};
