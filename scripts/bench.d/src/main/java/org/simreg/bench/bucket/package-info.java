/** A server of S3 on this machine, and a line to it that can be made bad. */
package org.simreg.bench.bucket;
