package org.simreg.coordinator.status;

import java.nio.file.Path;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** What the report needs to know from {@code job.yaml}, which a person may have changed. */
final class Settings {
    private Settings() {}

    /** The folder of the images, {@code dataset: path:}; the working folder if it isn't there. */
    static Path dataset(String jobYaml) {
        try {
            Object job = new Yaml(new SafeConstructor(new LoaderOptions())).load(jobYaml);
            if (job instanceof Map<?, ?> fields
                    && fields.get("dataset") instanceof Map<?, ?> dataset
                    && dataset.get("path") instanceof String path) {
                return Path.of(path);
            }
            return Path.of("");
        } catch (YAMLException unreadable) {
            return Path.of("");
        }
    }
}
