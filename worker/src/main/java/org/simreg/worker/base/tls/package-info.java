/**
 * Certificates from PEM files, read again when they change. Read {@link
 * org.simreg.worker.base.tls.Tls} first.
 */
package org.simreg.worker.base.tls;
