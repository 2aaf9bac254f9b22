/** What is trained: networks, first state, the run's checkpoint. */
package org.simreg.worker.train.student;
