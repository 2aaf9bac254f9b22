/** KEDA's protocol for external scalers, generated. */
package org.simreg.proto.keda;
