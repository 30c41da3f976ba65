import { configError } from 'sluice'
import { objectOption, textOption } from '../nested-options.ts'
import { type ClaimStore, checkClaimId, sha256Of, tooLarge } from './claim-store.ts'

export interface S3StoreOptions {
  readonly bucket: string
  /** Leads the objects' names, as in `claims/`. @default empty */
  readonly prefix?: string
  /** @default what the SDK finds in the environment */
  readonly region?: string
  /** Of a server that speaks S3, such as MinIO. @default AWS */
  readonly endpoint?: string
  /** The bucket in the path in place of the host's name; for most servers that are not AWS. @default false */
  readonly forcePathStyle?: boolean
  /** A client of the SDK to be used in place of one that is made; it is not closed. @default one is made, with the SDK's own way to credentials */
  readonly client?: S3ClientLike
}

/** What is used of an S3Client. */
export interface S3ClientLike {
  send(command: any, options?: any): Promise<any>
  destroy?(): void
}

type Sdk = typeof import('@aws-sdk/client-s3')

const OPTIONS = ['bucket', 'prefix', 'region', 'endpoint', 'forcePathStyle', 'client'] as const

/** Bodies as objects of a bucket, written with their SHA-256, which the server checks. Needs the package @aws-sdk/client-s3. */
export function s3Store(options: S3StoreOptions): ClaimStore {
  const {
    bucket,
    prefix = '',
    region,
    endpoint,
    forcePathStyle,
    client: given,
  } = objectOption<S3StoreOptions>('claimCheck: store', options, OPTIONS)
  textOption('claimCheck: store.bucket', bucket)
  if (prefix !== '') textOption('claimCheck: store.prefix', prefix)
  let made: S3ClientLike | undefined

  async function connected(): Promise<{ readonly sdk: Sdk; readonly client: S3ClientLike }> {
    const sdk = await loadSdk()
    made ??= new sdk.S3Client({
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint }),
      ...(forcePathStyle !== undefined && { forcePathStyle }),
    })
    return { sdk, client: given ?? made }
  }

  function objectOf(id: string): { readonly Bucket: string; readonly Key: string } {
    checkClaimId(id)
    return { Bucket: bucket, Key: prefix + id }
  }

  return {
    async open() {
      await loadSdk()
    },

    async put(id, bytes, abortSignal) {
      const object = objectOf(id)
      const { sdk, client } = await connected()
      const ChecksumSHA256 = Buffer.from(sha256Of(id), 'hex').toString('base64')
      const command = new sdk.PutObjectCommand({
        ...object,
        Body: bytes,
        ContentLength: bytes.length,
        ContentType: 'application/octet-stream',
        ChecksumSHA256,
      })
      await client.send(command, { abortSignal })
    },

    async get(id, abortSignal, maxBytes) {
      const object = objectOf(id)
      const { sdk, client } = await connected()
      let found: Awaited<ReturnType<InstanceType<Sdk['S3Client']>['send']>> & { Body?: any; ContentLength?: number }
      try {
        found = await client.send(new sdk.GetObjectCommand(object), { abortSignal })
      } catch (error) {
        const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
        if (name === 'NoSuchKey' || (name === 'NotFound' && $metadata?.httpStatusCode === 404)) return null
        throw error
      }
      const chunks: Uint8Array[] = []
      let length = 0
      const body = found.Body as AsyncIterable<Uint8Array> & { destroy?(): void }
      if ((found.ContentLength ?? 0) > maxBytes) {
        body.destroy?.()
        throw tooLarge(maxBytes)
      }
      // Leaving the loop closes the connection's stream.
      for await (const chunk of body) {
        length += chunk.length
        if (length > maxBytes) throw tooLarge(maxBytes)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks, length)
    },

    async delete(id, abortSignal) {
      const object = objectOf(id)
      const { sdk, client } = await connected()
      await client.send(new sdk.DeleteObjectCommand(object), { abortSignal })
    },

    async close() {
      made?.destroy?.()
      made = undefined
    },
  }
}

async function loadSdk(): Promise<Sdk> {
  return import('@aws-sdk/client-s3').catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw configError('claimCheck: a bucket needs the package @aws-sdk/client-s3: npm install @aws-sdk/client-s3')
  })
}
