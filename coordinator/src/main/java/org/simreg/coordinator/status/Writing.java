package org.simreg.coordinator.status;

import java.io.IOException;
import java.nio.file.Path;
import org.simreg.proto.UserError;

/** Something that writes files of a run. */
interface Writing {
    void run() throws IOException;

    /**
     * Runs an action; a full disk or a missing right is for the user to mend.
     *
     * @param target what is written, for the message
     * @throws UserError if it fails
     */
    static void to(Path target, Writing action) {
        try {
            action.run();
        } catch (IOException e) {
            throw new UserError(
                    "Writing %s failed: %s; make room or give the right to write, then continue with --resume"
                            .formatted(target, e),
                    e);
        }
    }
}
