#include "dojo/video/decode_worker.h"

int main(int argc, char** argv) { return dojo::decode_worker_main(argc, argv); }
