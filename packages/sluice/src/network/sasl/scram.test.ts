import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import { type ScramOptions, scram } from './scram.ts'

const options: ScramOptions = { mechanism: 'SCRAM-SHA-256', username: 'user', password: 'pencil' }

/** RFC 7677, section 3. */
const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_FIRST = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
const CLIENT_FINAL = 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

/** Plays the given answers of a server and returns what the client said. */
async function play(mechanism: ReturnType<typeof scram>, answers: readonly string[]): Promise<string[]> {
  const said: string[] = []
  let step = await mechanism.next()
  for (const answer of answers) {
    if (step.done) break
    said.push(step.value.toString())
    step = await mechanism.next(Buffer.from(answer))
  }
  if (!step.done) said.push(step.value.toString())
  return said
}

test('scram - says what RFC 7677 says and accepts its server', async () => {
  const said = await play(
    scram(options, () => NONCE),
    [SERVER_FIRST, SERVER_FINAL],
  )
  assert.deepEqual(said, [`n,,n=user,r=${NONCE}`, CLIENT_FINAL])
})

test('scram - SHA-512 proves the password to a server that computes it by itself', async () => {
  const salt = Buffer.from('some salt of sixteen')
  const serverNonce = `${NONCE}server`
  const first = `r=${serverNonce},s=${salt.toString('base64')},i=8192`
  const salted = pbkdf2Sync('päss=wörd,½', salt, 8192, 64, 'sha512')
  const hmac = (key: Buffer, text: string) => createHmac('sha512', key).update(text).digest()
  const authMessage = `n=a=3Db=2Cc,r=${NONCE},${first},c=biws,r=${serverNonce}`
  const mechanism = scram({ mechanism: 'SCRAM-SHA-512', username: async () => 'a=b,c', password: () => 'päss=wörd,½' }, () => NONCE)
  const [clientFirst, clientFinal] = await play(mechanism, [first, `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`])
  assert.equal(clientFirst, `n,,n=a=3Db=2Cc,r=${NONCE}`)
  const proof = Buffer.from(/p=(.*)$/.exec(clientFinal!)![1]!, 'base64')
  const storedKey = createHash('sha512').update(hmac(salted, 'Client Key')).digest()
  const signature = hmac(storedKey, authMessage)
  const clientKey = proof.map((byte, i) => byte ^ signature[i]!)
  assert.deepEqual(createHash('sha512').update(clientKey).digest(), storedKey)
})

test('scram - each authentication has a nonce of its own', async () => {
  const nonces = new Set<string>()
  for (let i = 0; i < 10; i++) nonces.add((await scram(options).next()).value!.toString())
  assert.equal(nonces.size, 10)
})

const refused: Record<string, readonly string[]> = {
  'a nonce that is not a continuation': ['r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
  'a nonce without anything of the server': [`r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
  'too few iterations': [SERVER_FIRST.replace('4096', '4095')],
  'too many iterations': [SERVER_FIRST.replace('4096', '2000000')],
  'a first message without a salt': [`r=${NONCE}x,i=4096`],
  'an extension that must be understood': [`m=ext,${SERVER_FIRST}`],
  'an error in the first message': ['e=unknown-user'],
  'a wrong signature': [SERVER_FIRST, `v=${Buffer.alloc(32).toString('base64')}`],
  'a short signature': [SERVER_FIRST, 'v=6rri'],
  'an error instead of a signature': [SERVER_FIRST, 'e=invalid-proof'],
  'nothing instead of a signature': [SERVER_FIRST, ''],
}
for (const [what, answers] of Object.entries(refused)) {
  test(`scram - ${what} ends the authentication without a secret in the error`, async () => {
    const playing = play(
      scram(options, () => NONCE),
      answers,
    )
    await assert.rejects(playing, (error: any) => {
      assert.equal(error.code, 'AUTHENTICATION')
      assert.ok(!`${error.stack}`.includes('pencil'))
      return true
    })
  })
}
