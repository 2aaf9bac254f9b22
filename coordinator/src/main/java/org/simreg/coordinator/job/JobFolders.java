package org.simreg.coordinator.job;

import org.simreg.proto.Refused;
import org.simreg.proto.JobRecord;
import org.simreg.proto.SubmitRequest;

/** The run folders of all jobs: makes and opens their files. */
public interface JobFolders {
    /**
     * Makes a job's folder, or takes over the run that lies in it.
     *
     * @param record complete; {@link JobRecord#getFolder} says where
     * @param existing what happens if the folder holds a run
     * @throws org.simreg.proto.Refused of kind EXISTS if the folder is taken
     * @throws org.simreg.proto.UserError if it can't be made, or the run in it is another job's and
     *     can't be continued
     */
    JobFiles create(JobRecord record, SubmitRequest.Existing existing);

    /**
     * Opens the folder of a job that was made before, also of one that has ended.
     *
     * @throws org.simreg.proto.UserError if it is gone, damaged, or another process has it open
     */
    JobFiles open(JobRecord record);
}
