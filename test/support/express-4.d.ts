/** Express 4 beside Express 5: as far as it is used here, they look the same. */
declare module 'express-4' {
  export { default } from 'express'
}
