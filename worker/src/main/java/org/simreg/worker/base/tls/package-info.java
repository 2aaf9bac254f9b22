/** Certificates from PEM files, read again when they change. */
package org.simreg.worker.base.tls;
