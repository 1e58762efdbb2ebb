#include "dojo/train/task.h"

#include <fmt/format.h>

#include "dojo/base/error.h"
#include "dojo/train/ego_task.h"
#include "dojo/train/mae_task.h"
#include "dojo/train/predict_task.h"

namespace dojo {

std::unique_ptr<Task> make_task(const RunOptions& options) {
  if (options.task == "predict") return std::make_unique<PredictTask>(options);
  if (options.task == "ego") return std::make_unique<EgoTask>(options);
  if (options.task == "mae") return std::make_unique<MaeTask>(options);
  throw Error(Category::kConfig, fmt::format("unknown task \"{}\"", options.task), "--task",
              "use predict, ego or mae");
}

}  // namespace dojo
