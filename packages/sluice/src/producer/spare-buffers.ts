/** Buffers that are between two uses, by their size. */
export class SpareBuffers {
  readonly #bySize = new Map<number, Buffer[]>()
  #bytes = 0

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes
  }

  take(size: number): Buffer | undefined {
    const buffer = this.#bySize.get(size)?.pop()
    if (buffer !== undefined) this.#bytes -= size
    return buffer
  }

  give(buffer: Buffer): void {
    const others = this.#bySize.get(buffer.length)
    if (others !== undefined) others.push(buffer)
    else this.#bySize.set(buffer.length, [buffer])
    this.#bytes += buffer.length
  }

  /** Leaves one to the garbage collector; returns its size, 0 when there is none. */
  drop(): number {
    for (const [size, buffers] of this.#bySize) {
      if (buffers.pop() === undefined) continue
      this.#bytes -= size
      return size
    }
    return 0
  }
}
