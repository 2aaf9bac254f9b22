/** What the student regresses: frozen teachers and their kept features. */
package org.simreg.worker.train.teacher;
