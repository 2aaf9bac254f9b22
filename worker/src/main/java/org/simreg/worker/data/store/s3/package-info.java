/**
 * Objects in buckets of S3 and of services that speak its protocol. Read {@link
 * org.simreg.worker.data.store.s3.S3Store} first.
 */
package org.simreg.worker.data.store.s3;
