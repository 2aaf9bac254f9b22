/** A server of S3 on this machine, a line to it that can be made bad, and files to put there. */
package org.simreg.bench.bucket;
