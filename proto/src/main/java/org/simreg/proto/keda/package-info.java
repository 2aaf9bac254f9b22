/** Generated messages and stubs of KEDA's protocol for external scalers. */
package org.simreg.proto.keda;
