/** What clients, coordinator and workers agree on: the messages, and what makes a job valid. */
package org.simreg.proto;
